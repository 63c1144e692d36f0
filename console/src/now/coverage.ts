// What sensors see, and where nobody looks.

import { lostOf, type Sensor } from "../api/sensors";

export interface Coverage {
  readonly total: number;
  /** How many are well; undefined when the server does not say it of all. */
  readonly well: number | undefined;
  /** Since the sensors began. */
  readonly lost: number;
  /** The longest of those that are heard; undefined when none says. */
  readonly lag: number | undefined;
  readonly blind: readonly Sensor[];
}

/** What is not said is nothing here: it is told beside it. */
export function lostBy(sensor: Sensor): number {
  return lostOf(sensor) ?? 0;
}

const WORST_FIRST = ["TAMPERED", "SILENT", "LOSING"];

/** A sensor that lost something and of which no state is said is a blind spot, too. */
function isBlind(sensor: Sensor): boolean {
  return sensor.state === undefined ? lostBy(sensor) > 0 : sensor.state !== "OK";
}

export function coverage(sensors: readonly Sensor[]): Coverage {
  const isSaid = sensors.every(({ state }) => state !== undefined);
  const lags = sensors.filter(({ state }) => state !== "SILENT").flatMap(({ lagSeconds }) => lagSeconds ?? []);
  const order = ({ state }: Sensor) => (WORST_FIRST.indexOf(state ?? "") + WORST_FIRST.length + 1) % (WORST_FIRST.length + 1);
  return {
    total: sensors.length,
    well: isSaid ? sensors.filter(({ state }) => state === "OK").length : undefined,
    lost: sensors.map(lostBy).reduce((sum, lost) => sum + lost, 0),
    lag: lags.length === 0 ? undefined : Math.max(...lags),
    blind: sensors.filter(isBlind).sort((one, other) => order(one) - order(other)),
  };
}
