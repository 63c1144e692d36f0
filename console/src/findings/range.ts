// The time that a list covers.

export const RANGE_KEYS = ["15m", "1h", "24h", "7d", "30d", "all", "custom"] as const;
export type RangeKey = (typeof RANGE_KEYS)[number];

const MINUTES: Readonly<Record<RangeKey, number>> = {
  "15m": 15,
  "1h": 60,
  "24h": 1_440,
  "7d": 10_080,
  "30d": 43_200,
  all: 0,
  custom: 0,
};
const MINUTE = 60_000;

export interface Ranged {
  readonly range: RangeKey;
  readonly from: string;
  readonly to: string;
}

export function isRangeKey(said: string | null): said is RangeKey {
  return (RANGE_KEYS as readonly (string | null)[]).includes(said);
}

/** The ends as the filter says them. Whole minutes, so that within one the same question is asked again. */
export function moments(view: Ranged, now: number): { readonly from?: string; readonly to?: string } {
  if (view.range === "custom") {
    return { from: view.from, to: view.to };
  }
  const minutes = MINUTES[view.range];
  return minutes === 0 ? {} : { from: new Date((Math.floor(now / MINUTE) - minutes) * MINUTE).toISOString() };
}

/** The ends of what is drawn: a range without an end ends now, one without a beginning begins with the oldest finding. */
export function drawn(view: Ranged, now: number, oldest: string | undefined): readonly [number, number] | undefined {
  const { from = oldest, to } = moments(view, now);
  const begin = Date.parse(from ?? "");
  const end = to === undefined ? (Math.floor(now / MINUTE) + 1) * MINUTE : Date.parse(to);
  return Number.isNaN(begin) || begin >= end ? undefined : [Math.floor(begin / 1_000) * 1_000, end];
}

/** What a field for date and time holds, in UTC like every time that is shown. */
export function fieldOf(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? "" : new Date(at).toISOString().slice(0, 19);
}

/** The moment that such a field says; empty for none. */
export function momentOf(field: string): string {
  const at = Date.parse(`${field}Z`);
  return Number.isNaN(at) ? "" : new Date(at).toISOString();
}
