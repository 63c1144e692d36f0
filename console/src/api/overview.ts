// What the landing page asks for.

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { rowsPage, type Row } from "./list";

/** Open findings that are looked at. */
const OPEN_MAX = 2_000;
const EVERY = 10_000;

export interface OpenFindings {
  readonly rows: readonly Row[];
  /** There are more open ones. */
  readonly isPartial: boolean;
}

export const OPEN_FILTER = 'state = "ACTIVE" AND NOT mute = "MUTED"';

export function openFindings() {
  return queryOptions({
    queryKey: ["open"],
    queryFn: async ({ signal }): Promise<OpenFindings> => {
      const found: Row[] = [];
      let token = "";
      do {
        const page = await rowsPage({ filter: OPEN_FILTER, orderBy: "event_time desc" }, token, 1_000, signal);
        found.push(...page.rows);
        token = page.next;
      } while (token !== "" && found.length < OPEN_MAX);
      return { rows: found, isPartial: token !== "" };
    },
    refetchInterval: EVERY,
  });
}

/** Filters of what is new since a time, and of what was known then and happened again. */
export function changedFilters(since: string): { readonly fresh: string; readonly again: string } {
  return {
    fresh: `create_time > "${since}"`,
    again: `event_time > "${since}" AND create_time <= "${since}"`,
  };
}

/** How many of both there are, without what is muted. */
export function changedSince(since: string | undefined) {
  return queryOptions({
    queryKey: ["changed", since],
    queryFn: async ({ signal }) => {
      const count = async (filter: string) =>
        (await rowsPage({ filter: `NOT mute = "MUTED" AND ${filter}`, orderBy: "" }, "", 1, signal)).total;
      const { fresh, again } = changedFilters(since ?? "");
      return { fresh: await count(fresh), again: await count(again) };
    },
    enabled: since !== undefined,
    refetchInterval: EVERY,
    placeholderData: keepPreviousData,
  });
}
