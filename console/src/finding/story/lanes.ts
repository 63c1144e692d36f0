// Where events stand on one axis of time: a lane for each kind, and rows within it where they would cover each other.

import { LANES, type Lane, type StoryEvent } from "./model";

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Mark {
  readonly event: StoryEvent;
  /** 0 to 1. */
  readonly at: number;
  readonly row: number;
}

export interface LaneOfMarks {
  readonly lane: Lane;
  readonly rows: number;
  readonly marks: readonly Mark[];
}

/** Marks of one lane never take more rows: what comes then stands upon others. */
const MOST_ROWS = 5;

/** From the first to the last of these times, with some room, and never less than two seconds. */
export function spanOf(all: readonly number[]): Span | undefined {
  const times = all.filter((time) => !Number.isNaN(time));
  if (times.length === 0) {
    return undefined;
  }
  const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const last = times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
  const room = Math.max((last - first) * 0.06, (2_000 - (last - first)) / 2, 0);
  return { from: first - room, to: last + room };
}

/** `apart` is how much of the axis a mark covers. */
export function lanesOf(events: readonly StoryEvent[], span: Span, apart: number): LaneOfMarks[] {
  const length = Math.max(1, span.to - span.from);
  return LANES.flatMap((lane) => {
    const ends: number[] = [];
    const marks = events
      .filter((event) => event.lane === lane && event.at >= span.from && event.at <= span.to)
      .map((event): Mark => {
        const at = (event.at - span.from) / length;
        let row = ends.findIndex((end) => at >= end);
        if (row < 0) {
          row = Math.min(ends.length, MOST_ROWS - 1);
        }
        ends[row] = at + apart;
        return { event, at, row };
      });
    return marks.length === 0 ? [] : [{ lane, rows: ends.length, marks }];
  });
}

const STEPS = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000,
  43_200_000, 86_400_000, 604_800_000,
];

/** Round times to write at the axis, at most `most`. */
export function ticks({ from, to }: Span, most: number): number[] {
  const least = (to - from) / most;
  const step = STEPS.find((one) => one >= least) ?? Math.ceil(least / 604_800_000) * 604_800_000;
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step + 0; at <= to; at += step) {
    found.push(at);
  }
  return found;
}

/** Hours, minutes and seconds of coordinated universal time; tenths where ticks stand closer than a second. */
export function clock(at: number, span: Span): string {
  const written = new Date(at).toISOString();
  const length = span.to - span.from;
  return length > 2 * 86_400_000 ? written.slice(0, 10) : written.slice(11, length < 10_000 ? 21 : 19);
}
