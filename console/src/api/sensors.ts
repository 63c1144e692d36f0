import { queryOptions } from "@tanstack/react-query";
import { ask } from "./client";

export interface Counts {
  readonly in?: number;
  readonly out?: number;
  readonly lost?: number;
}

export interface Changed {
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
}

/** What heartbeats say of a sensor. What an older server does not say is absent. */
export interface Sensor {
  readonly name?: string;
  readonly cluster?: string;
  readonly node?: string;
  readonly receivedAt?: string;
  readonly skewNs?: number;
  readonly sensorVersion?: string;
  readonly kernel?: string;
  readonly mode?: string;
  readonly startTime?: string;
  readonly starts?: readonly string[];
  readonly counters?: Readonly<Record<string, Counts | null>>;
  readonly spoolBytes?: number;
  readonly spoolOldest?: string | null;
  readonly spoolLost?: number;
  readonly lostLately?: number;
  readonly lostAt?: string | null;
  readonly probesLoaded?: boolean;
  readonly configurationHash?: string;
  readonly binaryHash?: string;
  readonly configurationChanged?: Changed | null;
  readonly binaryChanged?: Changed | null;
  readonly parent?: string;
  readonly resource?: unknown;
  readonly state?: string;
  readonly problems?: readonly { readonly problem?: string; readonly advice?: string }[];
  readonly lagSeconds?: number;
  readonly lost?: Readonly<Record<string, string>>;
}

interface Page {
  readonly sensors?: readonly Sensor[];
  readonly nextPageToken?: string;
}

/** Every sensor there is: the filter box and the summary are about all of them. */
export const sensors = queryOptions({
  queryKey: ["sensors"],
  queryFn: async ({ signal }) => {
    const found: Sensor[] = [];
    let token = "";
    do {
      const path = `/v2/organizations/-/sensors?pageSize=1000&pageToken=${encodeURIComponent(token)}`;
      const page = await ask<Page>("GET", path, undefined, signal);
      found.push(...(page.sensors ?? []));
      token = page.nextPageToken ?? "";
    } while (token !== "");
    return found as readonly Sensor[];
  },
  refetchInterval: 10_000,
});

/** Records that never reached a detector, since the sensor started; undefined when it does not say. */
export function lostOf({ lost, counters }: Sensor): number | undefined {
  const said = lost === undefined ? counters && Object.values(counters).map((counts) => counts?.lost) : Object.values(lost);
  return said?.reduce<number>((sum, count) => sum + (Number(count) || 0), 0);
}
