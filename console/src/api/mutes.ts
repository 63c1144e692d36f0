import { queryOptions } from "@tanstack/react-query";
import { ask } from "./client";
import type { components } from "./schema";

export type MuteConfig = components["schemas"]["MuteConfig"];

export function muteConfigs(scope: string) {
  return queryOptions({
    queryKey: ["mute configs", scope],
    queryFn: async ({ signal }) => {
      const found: MuteConfig[] = [];
      let token = "";
      do {
        const path = `/v2/${scope}/muteConfigs?pageSize=1000&pageToken=${encodeURIComponent(token)}`;
        const page = await ask<{ readonly muteConfigs?: readonly MuteConfig[]; readonly nextPageToken?: string }>("GET", path, undefined, signal);
        found.push(...(page.muteConfigs ?? []));
        token = page.nextPageToken ?? "";
      } while (token !== "");
      return found as readonly MuteConfig[];
    },
  });
}

/** How many findings of a scope a filter matches now; `isLeast` when the server stopped counting. */
export function matchingFindings(scope: string, filter: string) {
  return queryOptions({
    queryKey: ["matching", scope, filter],
    queryFn: async ({ signal }) => {
      const query = new URLSearchParams({ filter, pageSize: "1" });
      const found = await ask<{ readonly totalSize?: number; readonly totalSizeIsLeast?: boolean }>(
        "GET",
        `/v2/${scope}/sources/-/findings?${query.toString()}`,
        undefined,
        signal,
      );
      return { count: found.totalSize ?? 0, isLeast: found.totalSizeIsLeast === true };
    },
    enabled: filter.trim() !== "",
    retry: false,
  });
}
