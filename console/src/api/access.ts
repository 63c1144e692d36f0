import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { ask } from "./client";
import type { components } from "./schema";

export type Binding = components["schemas"]["Binding"];

export type Token = components["schemas"]["Token"];

export type AuditEntry = components["schemas"]["AuditLogEntry"];

export interface AuditAsked {
  readonly principal: string;
  readonly method: string;
  readonly startTime: string;
  readonly endTime: string;
}

const TOKENS = "/v2/organizations/-/tokens";

export const tokens = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) => {
    const found: Token[] = [];
    let token = "";
    do {
      const path = `${TOKENS}?pageSize=1000&pageToken=${encodeURIComponent(token)}`;
      const page = await ask<{ readonly tokens?: readonly Token[]; readonly nextPageToken?: string }>("GET", path, undefined, signal);
      found.push(...(page.tokens ?? []));
      token = page.nextPageToken ?? "";
    } while (token !== "");
    return found as readonly Token[];
  },
});

export function createTokenPath(id: string): string {
  return `${TOKENS}?tokenId=${encodeURIComponent(id)}`;
}

export function tokenPath(id: string): string {
  return `${TOKENS}/${encodeURIComponent(id)}`;
}

export function auditPath(asked: AuditAsked, pageSize: number, pageToken: string): string {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ""));
  query.set("pageSize", String(pageSize));
  if (pageToken !== "") {
    query.set("pageToken", pageToken);
  }
  return `/v2/organizations/-/auditLogEntries?${query.toString()}`;
}

/** Who did what, the newest first. */
export function auditLog(asked: AuditAsked, pageSize: number) {
  return infiniteQueryOptions({
    queryKey: ["audit", asked],
    queryFn: async ({ pageParam, signal }) => {
      const found = await ask<{ readonly auditLogEntries?: readonly AuditEntry[]; readonly nextPageToken?: string }>(
        "GET",
        auditPath(asked, pageSize, pageParam),
        undefined,
        signal,
      );
      return { entries: found.auditLogEntries ?? [], next: found.nextPageToken ?? "" };
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}
