// What sensors say together: how much is watched, and where the blind spots are.

import { lostOf, type Sensor } from "../api/sensors";
import type { Kind } from "../parts/mark";

export const STATES = ["OK", "LOSING", "SILENT", "TAMPERED", "UNKNOWN"] as const;
export type State = (typeof STATES)[number];

export const MARKS: Readonly<Record<State, Kind>> = {
  OK: "good",
  LOSING: "attention",
  SILENT: "bad",
  TAMPERED: "bad",
  UNKNOWN: "unknown",
};

/** What the server concludes; an older one concludes nothing. */
export function stateOf({ state }: Sensor): State {
  return STATES.find((known) => known === state) ?? "UNKNOWN";
}

export interface Coverage {
  readonly total: number;
  readonly byState: Readonly<Record<State, number>>;
  /** Undefined when no sensor says how much it lost. */
  readonly lost: number | undefined;
  /** The slowest's, in seconds. */
  readonly lag: number | undefined;
}

export function coverageOf(sensors: readonly Sensor[]): Coverage {
  const byState = { OK: 0, LOSING: 0, SILENT: 0, TAMPERED: 0, UNKNOWN: 0 };
  for (const sensor of sensors) {
    byState[stateOf(sensor)] += 1;
  }
  const lost = sensors.map(lostOf).filter((count) => count !== undefined);
  const lags = sensors.map(({ lagSeconds }) => lagSeconds).filter((seconds) => seconds !== undefined);
  return {
    total: sensors.length,
    byState,
    lost: lost.length === 0 ? undefined : lost.reduce((sum, count) => sum + count, 0),
    lag: lags.length === 0 ? undefined : Math.max(...lags),
  };
}

/** Sensors whose names, kernel, version, mode, state or problems hold every word. */
export function matching(sensors: readonly Sensor[], words: string, stateWord: (state: State) => string): Sensor[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return sensors.filter((sensor) => {
    const { cluster, node, kernel, sensorVersion, mode, problems } = sensor;
    const said = [cluster, node, kernel, sensorVersion, mode, stateOf(sensor), stateWord(stateOf(sensor)), ...(problems ?? []).map(({ problem }) => problem)]
      .join(" ")
      .toLowerCase();
    return wanted.every((word) => said.includes(word));
  });
}

/** Blind spots first, then by name. */
export function sorted(sensors: readonly Sensor[]): Sensor[] {
  const rank: Readonly<Record<State, number>> = { TAMPERED: 0, SILENT: 1, LOSING: 2, UNKNOWN: 3, OK: 4 };
  const name = ({ cluster, node }: Sensor) => `${cluster ?? ""}/${node ?? ""}`;
  return sensors.toSorted(
    (one, other) => rank[stateOf(one)] - rank[stateOf(other)] || name(one).localeCompare(name(other), "en", { numeric: true }),
  );
}

export function idOf({ cluster, node }: Sensor): string {
  return `${cluster ?? ""}/${node ?? ""}`;
}
