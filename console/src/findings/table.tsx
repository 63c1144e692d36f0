import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import type { FindingResult } from "../api/finding";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { When } from "../parts/when";

const ROW = 40;

interface Table {
  readonly rows: readonly FindingResult[];
  readonly total: number;
  readonly needMore: () => void;
}

function target({ finding }: FindingResult): string {
  return `/finding/${finding.name ?? ""}`;
}

/** Where it happened, as short as it is still told apart. */
function place({ finding, resource }: FindingResult): string {
  const pod = finding.kubernetes?.pods?.[0];
  if (pod !== undefined) {
    return `${pod.ns ?? ""}/${pod.name ?? ""}`;
  }
  return finding.containers?.[0]?.name ?? resource?.displayName ?? finding.resourceName ?? "";
}

/** Only the rows in sight are in the page. */
export function FindingsTable({ rows, total, needMore }: Table) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const frame = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 60) {
      needMore();
    }
  }, [last, rows.length, needMore]);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    setCurrent(index);
    virtual.scrollToIndex(index);
  };
  const press = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = {
      j: 1,
      ArrowDown: 1,
      k: -1,
      ArrowUp: -1,
      PageDown: 15,
      PageUp: -15,
      Home: -rows.length,
      End: rows.length,
    };
    const step = steps[event.key];
    const row = rows[current];
    if (step !== undefined) {
      event.preventDefault();
      move(current + step);
    } else if (event.key === "Enter" && row !== undefined) {
      navigate(target(row));
    }
  };

  return (
    <div
      ref={frame}
      className="findings"
      role="grid"
      aria-label={t("findings.table")}
      aria-rowcount={total + 1}
      aria-activedescendant={rows.length > 0 ? `row-${current}` : undefined}
      tabIndex={0}
      onKeyDown={press}
    >
      <div role="row" aria-rowindex={1} className="row heading">
        <span role="columnheader">{t("findings.severity")}</span>
        <span role="columnheader">{t("findings.category")}</span>
        <span role="columnheader">{t("findings.resource")}</span>
        <span role="columnheader">{t("findings.time")}</span>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {shown.map(({ index, start }) => {
          const row = rows[index];
          return row === undefined ? null : (
            <div
              key={row.finding.name ?? index}
              id={`row-${index}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={index === current}
              className={index === current ? "row current" : "row"}
              style={{ transform: `translateY(${start}px)` }}
              onClick={() => setCurrent(index)}
            >
              <span role="gridcell">
                <SeverityMark severity={row.finding.severity} />
              </span>
              <span role="gridcell">
                <Link href={target(row)} tabIndex={-1}>
                  <Inert text={row.finding.category ?? ""} limit={120} />
                </Link>
              </span>
              <span role="gridcell">
                <Inert text={place(row)} limit={120} />
              </span>
              <span role="gridcell">
                <When time={row.finding.eventTime} />
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
