import { useQuery } from "@tanstack/react-query";
import { useState, type KeyboardEvent, type PointerEvent } from "react";
import { Alert } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { histogram } from "../api/histogram";
import { oldest } from "../api/list";
import { utc } from "../text/time";
import { barAt, bars, moved, span, STACKED, type Bar } from "./bars";
import { drawn, type Ranged } from "./range";

const BUCKETS = 60;
const HEIGHT = 64;
const WIDTH = 960;
const GAP = 2;

interface HistogramProps {
  readonly filter: string;
  readonly range: Ranged;
  readonly now: number;
  readonly onRange: (from: string, to: string) => void;
}

/** How many findings there were over time; dragging over it, or moving its two edges, chooses a range. */
export function Histogram({ filter, range, now, onRange }: HistogramProps) {
  const { t } = useTranslation();
  const begins = useQuery({ ...oldest(filter), enabled: range.range === "all" });
  const ends = drawn(range, now, begins.data ?? undefined);
  const counted = useQuery(
    histogram(
      ends === undefined
        ? undefined
        : {
            filter,
            startTime: new Date(ends[0]).toISOString(),
            endTime: new Date(ends[1]).toISOString(),
            // the server counts spans of a millisecond and more
            buckets: Math.min(BUCKETS, ends[1] - ends[0]),
            field: "eventTime",
          },
    ),
  );
  if (begins.data === null && range.range === "all") {
    return null;
  }
  if (counted.data === null) {
    return <p className="histogram-none">{t("findings.histogram.none")}</p>;
  }
  if (counted.data === undefined || ends === undefined) {
    return counted.error === null ? (
      <div className="histogram" aria-busy="true" />
    ) : (
      <Alert component="h2" variant="danger" isInline title={counted.error.message} />
    );
  }
  return (
    <Chart
      key={counted.data.buckets.length}
      all={bars(counted.data.buckets)}
      isComplete={counted.data.complete}
      onRange={onRange}
    />
  );
}

function Legend({ all }: { readonly all: readonly Bar[] }) {
  const { t } = useTranslation();
  const shown = STACKED.filter((severity) => all.some((bar) => bar.pieces.some((piece) => piece.severity === severity)));
  return (
    <ul className="legend" aria-hidden="true">
      {shown.map((severity) => (
        <li key={severity}>
          <svg viewBox="0 0 10 10" width="10" height="10">
            <rect className={`bar-${severity.toLowerCase()}`} width="10" height="10" />
          </svg>{" "}
          {t(`severity.${severity}`)}
        </li>
      ))}
    </ul>
  );
}

interface ChartProps {
  readonly all: readonly Bar[];
  readonly isComplete: boolean;
  readonly onRange: HistogramProps["onRange"];
}

function Chart({ all, isComplete, onRange }: ChartProps) {
  const { t } = useTranslation();
  const [brush, setBrush] = useState<readonly [number, number]>();
  const [start, setStart] = useState<number>();
  const [pointed, setPointed] = useState<number>();
  const count = all.length;
  const step = WIDTH / Math.max(1, count);
  const total = all.reduce((sum, bar) => sum + bar.total, 0);
  const time = (bar: Bar | undefined, end: "from" | "to") => (bar === undefined ? "" : new Date(bar[end]).toISOString());

  const choose = ([first, last]: readonly [number, number]) => {
    setBrush(undefined);
    setStart(undefined);
    const [from, to] = [all[first]?.from ?? 0, all[last]?.to ?? 0];
    onRange(new Date(from).toISOString(), new Date(Math.max(to, from + 1)).toISOString());
  };
  const at = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return barAt((event.clientX - box.left) / box.width, count);
  };
  const press = (edge: 0 | 1) => (event: KeyboardEvent) => {
    const shown = brush ?? [0, count - 1];
    const next = moved(shown, edge, event.key, count);
    if (next !== undefined) {
      setBrush(next);
    } else if (event.key === "Enter" && brush !== undefined) {
      choose(brush);
    } else if (event.key === "Escape" && brush !== undefined) {
      setBrush(undefined);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const [first, last] = brush ?? [0, count - 1];
  const said = pointed === undefined ? undefined : all[pointed];
  const words = (bar: Bar) =>
    [
      `${utc(time(bar, "from"))} – ${utc(time(bar, "to"))}: ${t("findings.total", { count: bar.total })}`,
      ...bar.pieces.map((piece) => `${t(`severity.${piece.severity}`)} ${piece.count}`),
    ].join(", ");
  const edge = (which: 0 | 1) => {
    const index = which === 0 ? first : last;
    const x = which === 0 ? index * step : (index + 1) * step;
    return (
      <g
        role="slider"
        tabIndex={0}
        className="edge"
        aria-label={t(which === 0 ? "findings.histogram.begin" : "findings.histogram.end")}
        aria-valuemin={which === 0 ? 0 : first}
        aria-valuemax={which === 0 ? last : count - 1}
        aria-valuenow={index}
        aria-valuetext={utc(time(all[index], which === 0 ? "from" : "to"))}
        onKeyDown={press(which)}
      >
        <rect x={Math.max(0, Math.min(WIDTH - 6, x - 3))} y={0} width={6} height={HEIGHT} rx={2} />
      </g>
    );
  };
  return (
    <figure className="histogram">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="group"
        aria-label={t("findings.histogram.label", { total, from: utc(time(all[0], "from")), to: utc(time(all.at(-1), "to")) })}
        onPointerDown={(event) => {
          if (event.button === 0) {
            event.currentTarget.setPointerCapture(event.pointerId);
            setStart(at(event));
            setBrush([at(event), at(event)]);
          }
        }}
        onPointerMove={(event) => {
          setPointed(at(event));
          if (start !== undefined) {
            setBrush(span(start, at(event)));
          }
        }}
        onPointerUp={() => brush !== undefined && start !== undefined && choose(brush)}
        onPointerCancel={() => {
          setBrush(undefined);
          setStart(undefined);
        }}
        onPointerLeave={() => setPointed(undefined)}
      >
        {all.map((bar, index) => (
          <g key={bar.from} aria-hidden="true" className={index === pointed ? "bar pointed" : "bar"}>
            <rect className="track" x={index * step} y={0} width={step} height={HEIGHT} />
            {bar.pieces.map(({ severity, top, height }) => (
              <rect
                key={severity}
                className={`bar-${severity.toLowerCase()}`}
                x={index * step + GAP / 2}
                y={top * HEIGHT}
                width={Math.max(1, step - GAP)}
                // one of very many is still seen
                height={Math.max(1.5, height * HEIGHT)}
              />
            ))}
          </g>
        ))}
        {brush !== undefined && (
          <rect className="brush" x={first * step} y={0} width={(last - first + 1) * step} height={HEIGHT} aria-hidden="true" />
        )}
        {edge(0)}
        {edge(1)}
      </svg>
      <figcaption>
        <span>{utc(time(all[0], "from"))}</span>
        <span className="said" aria-live="polite">
          {brush !== undefined
            ? `${utc(time(all[first], "from"))} – ${utc(time(all[last], "to"))} ${t("findings.histogram.apply")}`
            : said !== undefined
              ? words(said)
              : !isComplete && t("findings.histogram.incomplete")}
        </span>
        {brush === undefined && said === undefined && <Legend all={all} />}
        <span>{utc(time(all.at(-1), "to"))}</span>
      </figcaption>
    </figure>
  );
}
