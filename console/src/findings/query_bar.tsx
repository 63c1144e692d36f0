import { lazy, startTransition, Suspense, useEffect, useState, type FormEvent } from "react";
import { Button, Label, LabelGroup, TextInput } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { inert } from "../text/inert";
import { parse, without, type Comparison, type Term } from "./conjunction";

// most of the page's code: it is there once somebody writes a filter, or has written a wrong one
const FilterEditor = lazy(() => import("./filter_editor"));

/** No more of a value is shown on a chip. */
const CHIP = 60;

interface QueryBarProps {
  readonly filter: string;
  readonly error: { readonly at: number; readonly message: string } | undefined;
  readonly onApply: (filter: string) => void;
  readonly valuesOf: (field: string) => Promise<readonly (readonly [value: string, count: string])[]>;
}

function cut(text: string): string {
  return text.length > CHIP ? `${text.slice(0, CHIP)}…` : text;
}

function Chip({ term, onRemove }: { readonly term: Term; readonly onRemove: () => void }) {
  const { t } = useTranslation();
  const words = ({ field, operator, values, isNegated }: Comparison) => {
    const of = values.map(({ value }) => (value === "" ? '""' : inert(cut(value)))).join(` ${t("findings.or")} `);
    return `${isNegated ? `${t("findings.not")} ` : ""}${field} ${operator} ${of}`;
  };
  return (
    <Label
      isCompact
      variant="outline"
      color={term.kind === "advanced" ? "purple" : term.isNegated ? "orange" : "blue"}
      onClose={onRemove}
      closeBtnAriaLabel={`${t("findings.removeChip")}: ${inert(cut(term.text))}`}
    >
      <bdi title={inert(term.text)}>{term.kind === "advanced" ? `${t("findings.advanced")}: ${inert(cut(term.text))}` : words(term)}</bdi>
    </Label>
  );
}

/** The filter as text, and the same as chips. What is written counts once it is applied. */
export function QueryBar({ filter, error, onApply, valuesOf }: QueryBarProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(filter);
  useEffect(() => setDraft(filter), [filter]);
  const [editor, setEditor] = useState<"none" | "shown" | "focused">("none");
  // until it is there, the field stays what it is and can be written in
  const show = (how: "shown" | "focused") => startTransition(() => setEditor((before) => (before === "none" ? how : before)));
  useEffect(() => {
    if (error !== undefined) {
      show("shown");
    }
  }, [error]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onApply(draft.trim());
  };
  const terms = parse(draft);
  const isWritten = draft.trim() !== filter.trim();
  return (
    <form className="query-bar" role="search" onSubmit={submit}>
      <div className="line">
        <Suspense>
          {editor === "none" ? (
            <TextInput
              aria-label={t("findings.filter")}
              placeholder={t("findings.filterHelp")}
              value={draft}
              onChange={(_, value) => setDraft(value)}
              onFocus={() => show("focused")}
            />
          ) : (
            <FilterEditor
              label={t("findings.filter")}
              hint={t("findings.filterHelp")}
              value={draft}
              isFocused={editor === "focused"}
              error={error}
              onChange={setDraft}
              onApply={(written) => onApply(written.trim())}
              valuesOf={valuesOf}
            />
          )}
        </Suspense>
        <Button type="submit" variant={isWritten ? "primary" : "secondary"}>
          {t("findings.apply")}
        </Button>
      </div>
      {terms.length > 0 && (
        <LabelGroup aria-label={t("findings.chips")} numLabels={20}>
          {terms.map((term, index) => (
            <Chip key={`${index} ${term.text}`} term={term} onRemove={() => onApply(without(draft, index))} />
          ))}
        </LabelGroup>
      )}
    </form>
  );
}
