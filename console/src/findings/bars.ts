// Geometry of the histogram.

import type { Bucket } from "../api/histogram";

/** From the axis upwards. */
export const STACKED = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "SEVERITY_UNSPECIFIED"] as const;
export type Severity = (typeof STACKED)[number];

export interface Piece {
  readonly severity: Severity;
  readonly count: number;
  /** Share of the height, from the top. */
  readonly top: number;
  readonly height: number;
}

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly total: number;
  readonly pieces: readonly Piece[];
}

function countOf(bucket: Bucket, severity: Severity): number {
  const count = Number(bucket.counts[severity] ?? 0);
  return Number.isFinite(count) && count > 0 ? count : 0;
}

/** Bars as high as their share of the highest one. */
export function bars(buckets: readonly Bucket[]): readonly Bar[] {
  const totals = buckets.map((bucket) => STACKED.reduce((sum, severity) => sum + countOf(bucket, severity), 0));
  const highest = Math.max(1, ...totals);
  return buckets.map((bucket, index) => {
    let top = 1;
    const pieces = STACKED.flatMap((severity): Piece[] => {
      const count = countOf(bucket, severity);
      const height = count / highest;
      top -= height;
      return count === 0 ? [] : [{ severity, count, top, height }];
    });
    return { from: Date.parse(bucket.startTime), to: Date.parse(bucket.endTime), total: totals[index] ?? 0, pieces };
  });
}

/** Which bar a share of the width lies on. */
export function barAt(share: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

/** The brush between two bars, whichever was first. */
export function span(one: number, other: number): readonly [first: number, last: number] {
  return one <= other ? [one, other] : [other, one];
}

/** What a key does to the brush; undefined for keys that do nothing to it. */
export function moved(
  brush: readonly [number, number],
  edge: 0 | 1,
  key: string,
  count: number,
): readonly [number, number] | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -10,
    PageUp: 10,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  if (step === undefined) {
    return undefined;
  }
  // one edge does not pass the other
  const [first, last] = brush;
  return edge === 0
    ? [Math.max(0, Math.min(last, first + step)), last]
    : [first, Math.max(first, Math.min(count - 1, last + step))];
}
