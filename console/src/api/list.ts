// Many findings at once, each as little as a list needs of it.

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "./client";
import type { FindingResult } from "./finding";

/** Rows of the first page, so that it is soon there, and of every other. */
const FIRST = 200;
const NEXT = 1_000;

/** How long a list is kept for who comes back from a finding. */
export const LIST_KEPT = 300_000;

const ROOT = { collection: "organizations", id: "-", source: "-" } as const;

/** Lists that the finding may be long of, such as processes, are left out: a hundred thousand rows stay small. */
const MASK = [
  "name",
  "category",
  "severity",
  "state",
  "mute",
  "mute_info.static_mute.state",
  "event_time",
  "create_time",
  "resource_name",
  "description",
  "connections",
  "security_marks.marks",
  ...["Namespace", "Name"].map((key) => `source_properties.Pod_${key}`),
  ...["Name", "Id", "Image_Uri"].map((key) => `source_properties.Container_${key}`),
  "source_properties.VM_Instance_Name",
  "source_properties.Process_Binary_Fullpath",
].join(",");

export interface Row {
  readonly name: string;
  readonly category: string;
  readonly severity: string;
  readonly state: string;
  readonly mute: string;
  /** What was said of this finding alone, whatever rules say. */
  readonly ownMute: string;
  readonly eventTime: string;
  readonly createTime: string;
  readonly resourceName: string;
  readonly cluster: string;
  readonly project: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly containerId: string;
  readonly image: string;
  readonly node: string;
  readonly binary: string;
  readonly peer: string;
  readonly description: string;
  readonly marks: Readonly<Record<string, string>>;
}

export interface Page {
  readonly rows: readonly Row[];
  readonly next: string;
  readonly total: number;
  /** There may be more than the total says. */
  readonly isLeast: boolean;
}

export interface Asked {
  readonly filter: string;
  readonly orderBy: string;
}

function peerOf(result: FindingResult): string {
  const connection = result.finding.connections?.[0];
  return connection?.destinationIp === undefined ? "" : `${connection.destinationIp}:${connection.destinationPort ?? ""}`;
}

export function rowOf(result: FindingResult): Row {
  const { finding, resource } = result;
  const property = (key: string) => {
    const value = finding.sourceProperties?.[key];
    return typeof value === "string" ? value : "";
  };
  return {
    name: finding.name ?? "",
    category: finding.category ?? "",
    severity: finding.severity ?? "",
    state: finding.state ?? "",
    mute: finding.mute ?? "",
    ownMute: finding.muteInfo?.staticMute?.state ?? "UNDEFINED",
    eventTime: finding.eventTime ?? "",
    createTime: finding.createTime ?? "",
    resourceName: finding.resourceName ?? "",
    cluster: resource?.displayName ?? "",
    project: resource?.gcpMetadata?.projectDisplayName ?? "",
    namespace: property("Pod_Namespace"),
    pod: property("Pod_Name"),
    container: property("Container_Name"),
    containerId: property("Container_Id"),
    image: property("Container_Image_Uri"),
    node: property("VM_Instance_Name"),
    binary: property("Process_Binary_Fullpath"),
    peer: peerOf(result),
    description: finding.description ?? "",
    marks: finding.securityMarks?.marks ?? {},
  };
}

interface PageAsked extends Asked {
  readonly pageToken: string;
  readonly pageSize: number;
  readonly fieldMask?: string;
}

/** A page of findings as the API has them. */
export async function resultsPage(query: PageAsked, signal: AbortSignal | undefined) {
  const found = await answer(
    client.GET("/v2/{collection}/{id}/sources/{source}/findings", {
      params: { path: ROOT, query },
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  return {
    results: (found.listFindingsResults ?? []) as unknown as readonly FindingResult[],
    next: found.nextPageToken ?? "",
    total: found.totalSize ?? 0,
    isLeast: (found as { readonly totalSizeIsLeast?: boolean }).totalSizeIsLeast ?? false,
  };
}

export async function rowsPage(asked: Asked, pageToken: string, pageSize: number, signal?: AbortSignal): Promise<Page> {
  const { results, ...rest } = await resultsPage({ ...asked, pageToken, pageSize, fieldMask: MASK }, signal);
  return { rows: results.map(rowOf), ...rest };
}

/** All rows, page after page. Pages that were read stay as they are: rows do not move under the reader. */
export function rows(asked: Asked) {
  return infiniteQueryOptions({
    queryKey: ["rows", asked],
    queryFn: ({ pageParam, signal }) => rowsPage(asked, pageParam, pageParam === "" ? FIRST : NEXT, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    staleTime: Infinity,
    gcTime: LIST_KEPT,
    // comparing a hundred thousand rows with themselves takes longer than a frame
    structuralSharing: false,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

function and(...parts: readonly string[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part) => `(${part})`)
    .join(" AND ");
}

/** Before the first finding: for lists that are empty. */
const BEGINNING = "1970-01-01T00:00:01Z";

/** When the newest of those that match was first stored. */
export async function newest(filter: string, signal?: AbortSignal): Promise<string> {
  const page = await rowsPage({ filter, orderBy: "create_time desc" }, "", 1, signal);
  return page.rows[0]?.createTime || BEGINNING;
}

/** What matches and was stored later, the oldest first. */
export function newer(filter: string, since: string, signal?: AbortSignal): Promise<Page> {
  return rowsPage({ filter: and(filter, `create_time > "${since}"`), orderBy: "create_time" }, "", NEXT, signal);
}

/** When the oldest of those that match happened. */
export function oldest(filter: string) {
  return queryOptions({
    queryKey: ["oldest", filter],
    queryFn: async ({ signal }) => {
      const asked = { filter: and(filter, `event_time >= "${BEGINNING}"`), orderBy: "event_time" };
      return (await rowsPage(asked, "", 1, signal)).rows[0]?.eventTime ?? null;
    },
  });
}

export interface Group {
  readonly value: string;
  readonly count: number;
}

/** How many findings there are of each value of a field, most first. */
export function groups(filter: string, groupBy: string) {
  return queryOptions({
    queryKey: ["groups", filter, groupBy],
    queryFn: async ({ signal }): Promise<readonly Group[]> => {
      const counted = await answer(
        client.POST("/v2/{collection}/{id}/sources/{source}/findings:group", {
          params: { path: ROOT },
          body: { filter, groupBy, pageSize: 100 },
          signal,
        }),
      );
      return (counted.groupByResults ?? [])
        .map(({ properties, count }) => ({ value: String(Object.values(properties ?? {})[0] ?? ""), count: Number(count) }))
        .sort((one, other) => other.count - one.count);
    },
    placeholderData: keepPreviousData,
  });
}
