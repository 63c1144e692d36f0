import { useRef, useState, type KeyboardEvent } from "react";
import { ToggleGroup, ToggleGroupItem } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Inert } from "../../parts/inert";
import { SeverityMark } from "../../parts/severity";
import { useWidth } from "../../parts/use_width";
import { shorten } from "../../text/shorten";
import { local, precise } from "../../text/time";
import { clock, lanesOf, spanOf, ticks, type Span } from "./lanes";
import type { Lane, Story, StoryEvent } from "./model";
import type { Selection } from "./tree";
import { walk } from "./walk";

const LABELS = 130;
const ROW = 20;
const MARK = 7;

// a shape of its own for each lane, so that none is told by its colour alone
const SHAPES: Readonly<Record<Lane, string>> = {
  EXEC: "M-5 -6L6 0L-5 6Z",
  CONNECTION: "M0 -7L7 0L0 7L-7 0Z",
  EVIDENCE: "M-5 -5H5V5H-5Z",
  FINDING: "M0 -6A6 6 0 1 0 0 6A6 6 0 1 0 0 -6Z",
  SESSION_END: "M-5 -6L0 -1L5 -6L6 -5L1 0L6 5L5 6L0 1L-5 6L-6 5L-1 0L-6 -5Z",
};

interface Timeline {
  readonly story: Story;
  /** The finding's own time, and how far around it other findings were asked for. */
  readonly about: Span;
  readonly selected: Selection;
  readonly linked: ReadonlySet<string>;
  readonly onSelect: (selected: Selection) => void;
}

function Lanes({ events, span, selected, linked, onSelect }: Omit<Timeline, "story" | "about"> & {
  readonly events: readonly StoryEvent[];
  readonly span: Span;
}) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame, 900);
  const axis = Math.max(80, width - LABELS - 2 * MARK);
  const lanes = lanesOf(events, span, (2 * MARK + 3) / axis);
  const x = (at: number) => LABELS + MARK + at * axis;
  let top = 24;
  const placed = lanes.map((lane) => {
    const held = { ...lane, top };
    top += lane.rows * ROW + 8;
    return held;
  });
  return (
    <div ref={frame} className="story-lanes">
      <svg aria-hidden="true" width={width} height={top}>
        {ticks(span, Math.max(1, Math.floor(axis / 110))).map((at) => {
          const left = x((at - span.from) / (span.to - span.from));
          return (
            <g key={at} className="story-tick">
              <line x1={left} x2={left} y1={18} y2={top} />
              <text x={left} y={12} textAnchor={left > width - 40 ? "end" : "middle"}>
                {clock(at, span)}
              </text>
            </g>
          );
        })}
        {placed.map((lane) => (
          <g key={lane.lane}>
            <text className="story-lane" x={0} y={lane.top + 14}>
              {t(`finding.lanes.${lane.lane}`)}
            </text>
            <line className="story-line" x1={LABELS} x2={width} y1={lane.top + lane.rows * ROW + 4} y2={lane.top + lane.rows * ROW + 4} />
            {lane.marks.map(({ event, at, row }) => (
              <path
                key={event.id}
                className={[
                  "story-mark",
                  `story-mark-${lane.lane.toLowerCase()}`,
                  event.id === selected ? "is-selected" : "",
                  linked.has(event.id) ? "is-linked" : "",
                ].join(" ")}
                transform={`translate(${x(at)} ${lane.top + row * ROW + ROW / 2})`}
                d={SHAPES[lane.lane]}
                onClick={() => onSelect(event.id)}
              >
                <title>{`${clock(event.at, span)} ${shorten(event.text, 80)}`}</title>
              </path>
            ))}
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Lanes for the eye, and the same events as a list in the order of time. */
export function Timeline({ story, about, selected, linked, onSelect }: Timeline) {
  const { t, i18n } = useTranslation();
  const list = useRef<HTMLUListElement>(null);
  const [isWide, setWide] = useState(false);
  const own = story.events.filter(({ finding }) => finding === undefined).map(({ at }) => at);
  const near = spanOf(own) ?? about;
  const span = isWide ? (spanOf([about.from, about.to, ...own]) ?? about) : near;
  const steps = story.events.map(({ id }) => ({ id, parent: undefined, name: "" }));
  const current = steps.some(({ id }) => id === selected) ? selected : (steps.find(({ id }) => linked.has(id)) ?? steps[0])?.id;
  const press = (event: KeyboardEvent) => {
    const to = current === undefined ? undefined : walk(steps, current, event.key);
    if (to !== undefined && event.key !== "ArrowLeft" && event.key !== "ArrowRight") {
      event.preventDefault();
      onSelect(to);
      list.current?.querySelector(`#story-${to}`)?.scrollIntoView({ block: "nearest" });
    }
  };
  if (story.events.length === 0) {
    return <p>{t("finding.noEvents")}</p>;
  }
  const beyond = story.events.filter(({ at }) => at < span.from || at > span.to).length;
  return (
    <>
      <ToggleGroup aria-label={t("finding.axis")} isCompact>
        <ToggleGroupItem text={t("finding.axisSession")} isSelected={!isWide} onChange={() => setWide(false)} />
        <ToggleGroupItem text={t("finding.axisAround")} isSelected={isWide} onChange={() => setWide(true)} />
      </ToggleGroup>
      {beyond > 0 && <p className="meaning">{t("finding.beyond", { count: beyond })}</p>}
      <Lanes events={story.events} span={span} selected={selected} linked={linked} onSelect={onSelect} />
      <ul
        ref={list}
        role="listbox"
        aria-label={t("finding.events")}
        aria-activedescendant={current === undefined ? undefined : `story-${current}`}
        tabIndex={0}
        className="story-events"
        onKeyDown={press}
      >
        {story.events.map((event) => (
          <li
            key={event.id}
            id={`story-${event.id}`}
            role="option"
            aria-selected={event.id === selected}
            className={linked.has(event.id) ? "is-linked" : undefined}
            onClick={() => onSelect(event.id)}
          >
            <time dateTime={event.time} title={local(event.time, i18n.language)}>
              {precise(event.at)}
            </time>
            <strong>{t(`finding.lanes.${event.lane}`)}</strong>
            <span>
              {event.severity !== undefined && <SeverityMark severity={event.severity} />} <Inert text={event.text} limit={300} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
