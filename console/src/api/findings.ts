import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, client, Refused } from "./client";
import type { FindingResult } from "./finding";

export const PAGE = 200;

export interface Asked {
  readonly filter: string;
  readonly orderBy: string;
}

/** Where everything is asked for: what of it one may see, the server decides. */
const ROOT = { collection: "organizations", id: "-", source: "-" } as const;

async function page({ filter, orderBy }: Asked, pageToken: string, pageSize: number, signal: AbortSignal) {
  const found = await answer(
    client.GET("/v2/{collection}/{id}/sources/{source}/findings", {
      params: { path: ROOT, query: { filter, orderBy, pageSize, pageToken } },
      signal,
    }),
  );
  return {
    results: (found.listFindingsResults ?? []) as unknown as FindingResult[],
    next: found.nextPageToken ?? "",
    total: found.totalSize,
    /** The server did not look at everything. */
    isLeast: (found as { readonly totalSizeIsLeast?: boolean }).totalSizeIsLeast === true,
  };
}

export function findings(asked: Asked) {
  return infiniteQueryOptions({
    queryKey: ["findings", asked],
    queryFn: ({ pageParam, signal }) => page(asked, pageParam, PAGE, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });
}

/** The newest, whatever their state. */
export const recent = queryOptions({
  queryKey: ["recent"],
  queryFn: async ({ signal }) => (await page({ filter: "", orderBy: "event_time desc" }, "", 50, signal)).results,
});

/** How many findings there are of each value of a field. */
export function groups(filter: string, field: string) {
  return queryOptions({
    queryKey: ["groups", filter, field],
    queryFn: async ({ signal }) => {
      const counted = await answer(
        client.POST("/v2/{collection}/{id}/sources/{source}/findings:group", {
          params: { path: ROOT },
          body: { filter, groupBy: field, pageSize: 100 },
          signal,
        }),
      );
      return (counted.groupByResults ?? []).map(({ properties, count }) => ({
        value: String(Object.values(properties ?? {})[0] ?? ""),
        count: count ?? "0",
      }));
    },
  });
}

/** How many findings match. */
export function count(filter: string) {
  return queryOptions({
    queryKey: ["findings", "count", filter],
    queryFn: async ({ signal }) => {
      const { total, isLeast } = await page({ filter, orderBy: "" }, "", 1, signal);
      return { total: total ?? 0, isLeast };
    },
  });
}

/** Other findings of a container around a time: `minutes` before and after. */
export function around(container: string, time: string, minutes: number) {
  const at = Date.parse(time);
  const edge = (sign: number) => new Date(at + sign * minutes * 60_000).toISOString();
  const filter = [
    `source_properties.Container_Id = ${JSON.stringify(container)}`,
    `event_time >= "${edge(-1)}"`,
    `event_time <= "${edge(1)}"`,
  ].join(" AND ");
  return queryOptions({
    queryKey: ["around", filter],
    queryFn: ({ signal }) => page({ filter, orderBy: "event_time" }, "", 100, signal),
    enabled: container !== "" && !Number.isNaN(at),
  });
}

const NAME = /^(organizations|folders|projects)\/([^/]+)\/sources\/([^/]+)\/(?:locations\/([^/]+)\/)?findings\/([^/]+)$/;

export function finding(name: string) {
  return queryOptions({
    queryKey: ["finding", name],
    queryFn: async ({ signal }): Promise<FindingResult> => {
      const parts = NAME.exec(name);
      if (parts === null) {
        throw new Refused(404, "NOT_FOUND", `not a finding's name: ${name}`);
      }
      const [, collection, id = "", source = "", location, id_ = ""] = parts;
      const path = { collection: collection as "organizations", id, source, finding: id_ };
      const found =
        location === undefined
          ? client.GET("/v2/{collection}/{id}/sources/{source}/findings/{finding}", { params: { path }, signal })
          : client.GET("/v2/{collection}/{id}/sources/{source}/locations/{location}/findings/{finding}", {
              params: { path: { ...path, location } },
              signal,
            });
      return (await answer(found)) as unknown as FindingResult;
    },
  });
}

/** The newest finding of a category. */
export function newestOf(category: string) {
  const filter = `category = ${JSON.stringify(category)}`;
  return queryOptions({
    queryKey: ["newest", category],
    queryFn: async ({ signal }) => (await page({ filter, orderBy: "event_time desc" }, "", 1, signal)).results[0] ?? null,
  });
}
