import { useState } from "react";
import { Button, Checkbox, Radio } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Refused } from "../api/client";
import { groups, type Group } from "../api/list";
import type { Messages } from "../messages/en";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { asked, type View } from "./address";
import { chosen, freed, toggled } from "./conjunction";

/** Facets in their order, with the fields that the filter language has for them. */
const FACETS = [
  ["severity", "severity"],
  ["category", "category"],
  ["project", "resource.project_display_name"],
  ["cluster", "resource.display_name"],
  ["namespace", "source_properties.Pod_Namespace"],
  ["pod", "source_properties.Pod_Name"],
] as const;

const OPEN: ReadonlySet<string> = new Set(["severity", "category"]);
const WORST_FIRST = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "SEVERITY_UNSPECIFIED"];
/** Values shown before more are asked for. */
const FEW = 8;

export interface FacetsProps {
  readonly view: View;
  readonly now: number;
  readonly become: (change: Partial<View>) => void;
}

function counts(all: readonly Group[] | undefined, ...values: readonly string[]): string {
  return all === undefined
    ? ""
    : String(all.filter(({ value }) => values.includes(value)).reduce((sum, { count }) => sum + count, 0));
}

function One(props: { readonly name: "state" | "mute" } & FacetsProps) {
  const { t } = useTranslation();
  const { name, view, now, become } = props;
  const counted = useQuery(groups(asked({ ...view, [name]: "" }, now), name)).data;
  const options: readonly (readonly [value: string, label: string, counted: readonly string[]])[] =
    name === "state"
      ? [
          ["ACTIVE", t("state.ACTIVE"), ["ACTIVE"]],
          ["INACTIVE", t("state.INACTIVE"), ["INACTIVE"]],
          ["", t("findings.any"), counted?.map(({ value }) => value) ?? []],
        ]
      : [
          ["UNMUTED", t("mute.UNDEFINED"), counted?.flatMap(({ value }) => (value === "MUTED" ? [] : [value])) ?? []],
          ["MUTED", t("mute.MUTED"), ["MUTED"]],
          ["", t("findings.any"), counted?.map(({ value }) => value) ?? []],
        ];
  return (
    <fieldset className="facet">
      <legend>{t(name === "state" ? "findings.state" : "findings.mute")}</legend>
      {options.map(([value, label, of]) => (
        <div key={value} className="option">
          <Radio
            id={`${name}-${value}`}
            name={name}
            label={label}
            isChecked={view[name] === value}
            onChange={() => become({ [name]: value })}
          />
          <span className="count">{counts(counted, ...of)}</span>
        </div>
      ))}
    </fieldset>
  );
}

/** The filter is wrong: that is said once, where it is written. */
function isOfFilter(error: Error): boolean {
  return error instanceof Refused && error.status === 400;
}

function Many({ name, field, view, now, become }: { readonly name: keyof Messages["findings"]["facets"]; readonly field: string } & FacetsProps) {
  const { t } = useTranslation();
  const picked = chosen(view.filter, field);
  const [isOpen, setOpen] = useState(OPEN.has(name) || picked.size > 0);
  const [isWhole, setWhole] = useState(false);
  const counted = useQuery({ ...groups(asked({ ...view, filter: freed(view.filter, field) }, now), field), enabled: isOpen });
  const missing = [...picked].filter((value) => !counted.data?.some((group) => group.value === value));
  const all = [...missing.map((value) => ({ value, count: counted.isSuccess ? 0 : undefined })), ...(counted.data ?? [])].filter(({ value }) => value !== "");
  if (name === "severity") {
    all.sort((one, other) => WORST_FIRST.indexOf(one.value) - WORST_FIRST.indexOf(other.value));
  }
  const shown = isWhole ? all : all.filter(({ value }, index) => index < FEW || picked.has(value));
  return (
    <details className="facet" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t(`findings.facets.${name}`)}</summary>
      {counted.error !== null && !isOfFilter(counted.error) && <p>{counted.error.message}</p>}
      {counted.isSuccess && all.length === 0 && <p className="none">{t("findings.noValue")}</p>}
      {shown.map(({ value, count }, index) => (
        <div key={value} className="option">
          <Checkbox
            id={`facet-${name}-${index}`}
            label={name === "severity" ? <SeverityMark severity={value} /> : <Inert text={value} limit={120} />}
            isChecked={picked.has(value)}
            onChange={() => become({ filter: toggled(view.filter, field, value) })}
          />
          <span className="count">{count}</span>
        </div>
      ))}
      {shown.length < all.length && (
        <Button variant="link" isInline size="sm" onClick={() => setWhole(true)}>
          {t("findings.moreValues", { count: all.length - shown.length })}
        </Button>
      )}
    </details>
  );
}

/** Quick filters: what the list can be narrowed to, and how many findings that leaves. */
export function Facets(props: FacetsProps) {
  const { t } = useTranslation();
  return (
    <section className="facets" aria-label={t("findings.quickFilters")}>
      <One name="state" {...props} />
      <One name="mute" {...props} />
      {FACETS.map(([name, field]) => (
        <Many key={name} name={name} field={field} {...props} />
      ))}
    </section>
  );
}
