import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Button } from "@patternfly/react-core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useTranslation } from "react-i18next";
import { Copy } from "../../parts/copy";
import { Inert } from "../../parts/inert";
import { shorten } from "../../text/shorten";
import { walk } from "../story/walk";
import { jq, jsonPath } from "./path";
import { opened, PIECE, rowsOf, type Row } from "./rows";

const HEIGHT = 24;
/** A text longer than this is cut until it is asked for. */
const TEXT = 300;

function Value({ row }: { readonly row: Row }) {
  const { t } = useTranslation();
  const { value, kind, size, isOpen } = row;
  if (kind === "object" || kind === "array") {
    const [start, end] = kind === "array" ? ["[", "]"] : ["{", "}"];
    return (
      <span className="json-brackets">
        {isOpen ? start : `${start} … ${end}`} <span className="meaning">{t("finding.jsonTab.entries", { count: size })}</span>
      </span>
    );
  }
  return typeof value === "string" ? (
    <span className="json-text">
      "<Inert text={value} limit={TEXT} />"
    </span>
  ) : (
    <span className="json-word">{String(value)}</span>
  );
}

/** A document whose parts open and close; only rows in sight are in the page. */
export function JsonView({ document, label }: { readonly document: unknown; readonly label: string }) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => opened(document, 3));
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  const [current, setCurrent] = useState("");
  const rows = useMemo(() => rowsOf(document, { open, shown }), [document, open, shown]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => HEIGHT,
    overscan: 12,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const at = Math.max(
    0,
    rows.findIndex(({ id }) => id === current),
  );
  const chosen = rows[at];
  const turn = ({ id, kind }: Row) => {
    if (kind === "more") {
      const owner = id.slice(0, -2);
      setShown(new Map(shown).set(owner, (shown.get(owner) ?? PIECE) + 2_000));
    } else if (kind !== "scalar") {
      const next = new Set(open);
      if (!next.delete(id)) {
        next.add(id);
      }
      setOpen(next);
    }
  };
  const press = (event: KeyboardEvent) => {
    if (chosen === undefined || event.target !== frame.current) {
      return;
    }
    const isFolded = (chosen.kind === "object" || chosen.kind === "array") && !chosen.isOpen;
    if (event.key === "Enter" || event.key === " " || (event.key === "ArrowRight" && isFolded) || (event.key === "ArrowLeft" && chosen.isOpen)) {
      event.preventDefault();
      turn(chosen);
      return;
    }
    const steps = rows.map(({ id }) => ({ id, parent: id === "" ? undefined : id.slice(0, id.lastIndexOf("/")), name: "" }));
    const to = walk(steps, chosen.id, event.key);
    if (to !== undefined) {
      event.preventDefault();
      setCurrent(to);
      virtual.scrollToIndex(rows.findIndex(({ id }) => id === to));
    }
  };
  return (
    <>
      <p className="json-paths">
        {chosen !== undefined && (
          <>
            <code>{shorten(jq(chosen.path), 90)}</code>
            <Copy text={jq(chosen.path)} what={t("finding.jsonTab.jq")} /> jq{" "}
            <Copy text={jsonPath(chosen.path)} what={t("finding.jsonTab.jsonPath")} /> JSONPath
          </>
        )}
        <Button variant="link" isInline onClick={() => setOpen(opened(document, 40))}>
          {t("finding.jsonTab.unfold")}
        </Button>
        <Button variant="link" isInline onClick={() => setOpen(new Set([""]))}>
          {t("finding.jsonTab.fold")}
        </Button>
      </p>
      <div
        ref={frame}
        className="json-rows"
        role="tree"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={chosen === undefined ? undefined : `json${at}`}
        onKeyDown={press}
      >
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map(({ index, start, key }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <div
                key={key}
                id={`json${index}`}
                data-index={index}
                ref={virtual.measureElement}
                role="treeitem"
                aria-level={row.depth + 1}
                aria-posinset={row.position}
                aria-setsize={row.siblings}
                aria-selected={index === at}
                aria-expanded={row.kind === "object" || row.kind === "array" ? row.isOpen : undefined}
                className={index === at ? "json-row current" : "json-row"}
                style={{ transform: `translateY(${start}px)`, paddingInlineStart: `${Math.min(row.depth, 20) * 1.25 + 1.25}rem` }}
                onClick={() => {
                  setCurrent(row.id);
                  if (row.kind !== "scalar") {
                    turn(row);
                  }
                }}
              >
                {row.kind === "more" ? (
                  <span className="json-more">{t("finding.jsonTab.more", { count: row.size })}</span>
                ) : (
                  <>
                    {row.kind !== "scalar" && (
                      <span className="json-sign" aria-hidden="true">
                        {row.isOpen ? "▾" : "▸"}
                      </span>
                    )}
                    {row.key !== undefined && (
                      <span className="json-key">
                        {typeof row.key === "number" ? row.key : <Inert text={row.key} limit={200} />}:{" "}
                      </span>
                    )}
                    <Value row={row} />
                  </>
                )}
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}
