import { queryOptions } from "@tanstack/react-query";
import { quoted } from "../text/quoted";
import { answer, client, Refused } from "./client";
import type { FindingResult } from "./finding";
import { resultsPage } from "./list";

/** The newest, whatever their state. */
export const recent = queryOptions({
  queryKey: ["recent"],
  queryFn: async ({ signal }) => (await resultsPage({ filter: "", orderBy: "event_time desc", pageToken: "", pageSize: 50 }, signal)).results,
});

/** How many findings match. */
export function count(filter: string) {
  return queryOptions({
    queryKey: ["findings", "count", filter],
    queryFn: async ({ signal }) => {
      const { total, isLeast } = await resultsPage({ filter, orderBy: "", pageToken: "", pageSize: 1 }, signal);
      return { total, isLeast };
    },
  });
}

/** Other findings of a container around a time: `minutes` before and after. */
export function around(container: string, time: string, minutes: number) {
  const at = Date.parse(time);
  const edge = (sign: number) => new Date(at + sign * minutes * 60_000).toISOString();
  const filter = [
    `source_properties.Container_Id = ${quoted(container)}`,
    `event_time >= "${edge(-1)}"`,
    `event_time <= "${edge(1)}"`,
  ].join(" AND ");
  return queryOptions({
    queryKey: ["around", filter],
    queryFn: ({ signal }) => resultsPage({ filter, orderBy: "event_time", pageToken: "", pageSize: 100 }, signal),
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
  const filter = `category = ${quoted(category)}`;
  return queryOptions({
    queryKey: ["newest", category],
    queryFn: async ({ signal }) => (await resultsPage({ filter, orderBy: "event_time desc", pageToken: "", pageSize: 1 }, signal)).results[0] ?? null,
  });
}
