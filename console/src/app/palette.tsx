import { useState, type KeyboardEvent } from "react";
import { Modal, ModalBody } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { recent } from "../api/findings";
import { Inert } from "../parts/inert";
import { utc } from "../text/time";
import { ranked } from "./fuzzy";
import { useKeyWords } from "./help";
import { NAVIGATION } from "./routes";

export interface Action {
  readonly name: string;
  readonly act: () => void;
}

interface Entry extends Action {
  readonly kind: "screen" | "action" | "finding";
  readonly id: string;
  readonly hint?: string;
}

interface Palette {
  /** What the keys of this page do. */
  readonly bindings: ReadonlyMap<string, () => void>;
  readonly actions: readonly Action[];
  readonly onClose: () => void;
}

const SHOWN = 12;

/** A few letters lead anywhere: to screens, to findings and to what can be done here. */
export function CommandPalette({ bindings, actions, onClose }: Palette) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const words = useKeyWords();
  const [letters, setLetters] = useState("");
  const [at, setAt] = useState(0);
  const { data } = useQuery(recent);
  const entries: readonly Entry[] = [
    ...NAVIGATION.map(({ page, to, key }) => ({
      kind: "screen" as const,
      id: to,
      name: t(`pages.${page}`),
      hint: key,
      act: () => navigate(to),
    })),
    ...actions.map((action) => ({ ...action, kind: "action" as const, id: action.name })),
    ...[...bindings]
      .filter(([key]) => !key.startsWith("g ") && key !== "Ctrl-K" && key !== "Escape" && words(key) !== key)
      .map(([key, act]) => ({ kind: "action" as const, id: `key ${key}`, name: words(key), hint: key, act })),
    ...(data ?? []).map(({ finding }) => ({
      kind: "finding" as const,
      id: finding.name ?? "",
      name: `${finding.category ?? ""} ${finding.kubernetes?.pods?.[0]?.name ?? finding.resourceName ?? ""}`,
      hint: utc(finding.eventTime),
      act: () => navigate(`/finding/${finding.name ?? ""}`),
    })),
  ];
  const found = ranked(letters, entries, ({ name }) => name).slice(0, SHOWN);
  const current = Math.min(at, found.length - 1);
  const choose = (entry: Entry | undefined) => {
    if (entry !== undefined) {
      onClose();
      entry.act();
    }
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((current + step + found.length) % Math.max(found.length, 1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[current]);
    }
  };
  return (
    <Modal isOpen variant="medium" position="top" aria-label={t("app.palette")} elementToFocus="#palette" onEscapePress={onClose}>
      <ModalBody className="palette">
        <input
          id="palette"
          role="combobox"
          aria-expanded
          aria-controls="palette-found"
          aria-activedescendant={found.length > 0 ? `palette-${current}` : undefined}
          aria-label={t("app.palette")}
          placeholder={t("app.paletteHint")}
          autoComplete="off"
          spellCheck={false}
          value={letters}
          onChange={(event) => {
            setLetters(event.target.value);
            setAt(0);
          }}
          onKeyDown={press}
        />
        <ul id="palette-found" role="listbox" aria-label={t("app.palette")}>
          {found.map((entry, index) => (
            <li
              key={`${entry.kind} ${entry.id}`}
              id={`palette-${index}`}
              role="option"
              aria-selected={index === current}
              onClick={() => choose(entry)}
            >
              <span className="palette-kind">{t(`app.paletteKinds.${entry.kind}`)}</span>
              <Inert text={entry.name} limit={160} />
              {entry.hint !== undefined && <kbd>{entry.hint}</kbd>}
            </li>
          ))}
        </ul>
        {found.length === 0 && <p role="status">{t("app.paletteNone")}</p>}
      </ModalBody>
    </Modal>
  );
}
