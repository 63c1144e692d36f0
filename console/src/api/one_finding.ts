// What is asked about one finding beyond the finding itself, and what is changed of it.

import { queryOptions } from "@tanstack/react-query";
import { answer, client, Refused } from "./client";
import type { EvidencePiece, ExternalSystem, Finding, FindingResult } from "./finding";

interface Init {
  readonly body?: unknown;
  readonly params?: { readonly query?: Readonly<Record<string, string | number>> };
  readonly signal?: AbortSignal;
  readonly parseAs?: "json" | "blob";
}

type Ask = (path: string, init?: Init) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

// a name says itself whether it has a location: one path for both, which the generated types do not have
const ask = client as unknown as { readonly GET: Ask; readonly POST: Ask; readonly PATCH: Ask };

function pathOf(name: string, rest = ""): string {
  return `/v2/${name.split("/").map(encodeURIComponent).join("/")}${rest}`;
}

const NOT_OFFERED: readonly number[] = [404, 405, 501];

/** `undefined` when this server does not have what was asked for. */
async function offered<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refused && NOT_OFFERED.includes(error.status)) {
      return undefined;
    }
    throw error;
  }
}

export async function setState(name: string, state: string): Promise<Finding> {
  return (await answer(ask.POST(pathOf(name, ":setState"), { body: { state } }))) as Finding;
}

export async function setMute(name: string, mute: string): Promise<Finding> {
  return (await answer(ask.POST(pathOf(name, ":setMute"), { body: { mute } }))) as Finding;
}

export async function updateMarks(name: string, marks: Readonly<Record<string, string>>, updateMask: string): Promise<void> {
  await answer(ask.PATCH(pathOf(name, "/securityMarks"), { body: { marks }, params: { query: { updateMask } } }));
}

export async function updateExternalSystem(name: string, system: string, facts: ExternalSystem): Promise<void> {
  const updateMask = Object.keys(facts).join(",");
  const path = pathOf(name, `/externalSystems/${encodeURIComponent(system)}`);
  await answer(ask.PATCH(path, { body: facts, params: { query: { updateMask } } }));
}

export function evidenceOf(name: string) {
  return queryOptions({
    queryKey: ["evidence", name],
    queryFn: async ({ signal }) => {
      const found = (await answer(ask.GET(pathOf(name, "/evidence"), { signal }))) as { evidence?: readonly EvidencePiece[] };
      return found.evidence ?? [];
    },
  });
}

export interface File {
  readonly bytes: Blob;
  readonly name: string;
}

/** The name that the server gave the file; it holds nothing that leads elsewhere. */
function named(response: Response, otherwise: string): string {
  const said = /filename="([^"]*)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  return said?.replaceAll(/[^A-Za-z0-9._-]/g, "_") || otherwise;
}

async function bytes(asked: ReturnType<Ask>, otherwise: string): Promise<File> {
  const held = await asked;
  const data = (await answer(Promise.resolve(held))) as Blob;
  return { bytes: data, name: named(held.response, otherwise) };
}

export function downloadEvidence(name: string, sha256: string): Promise<File> {
  const path = pathOf(name, `/evidence/${encodeURIComponent(sha256)}`);
  return bytes(ask.GET(path, { parseAs: "blob" }), `${sha256.slice(0, 8)}.evidence`);
}

/** All of it in a zip that the password opens; `undefined` when this server makes none. */
export function downloadArchive(name: string, password: string): Promise<File | undefined> {
  const id = name.split("/").at(-1) ?? "finding";
  return offered(bytes(ask.POST(pathOf(name, "/evidence:archive"), { body: { password }, parseAs: "blob" }), `evidence-${id}.zip`));
}

export const SHAPES = ["scc-v2", "scc-v1", "console", "ocsf", "falco"] as const;
export type Shape = (typeof SHAPES)[number];

/** A finding as another product has it; `null` when this server does not offer that. */
export function shaped(name: string, shape: Shape) {
  return queryOptions({
    queryKey: ["shape", name, shape],
    queryFn: async ({ signal }) => {
      const path = pathOf(name, ":shape");
      const found = await offered(answer(ask.GET(path, { params: { query: { shape } }, signal })));
      return (found as { document?: unknown } | undefined)?.document ?? null;
    },
  });
}

export interface Version extends FindingResult {
  /** Since when it was so, and until when. */
  readonly versionTime?: string;
  readonly endTime?: string;
}

/** Earlier states of a finding, the newest first; `null` when this server keeps none. */
export function versions(name: string) {
  return queryOptions({
    queryKey: ["versions", name],
    queryFn: async ({ signal }) => {
      const path = pathOf(name, "/versions");
      const found = await offered(answer(ask.GET(path, { params: { query: { pageSize: 100 } }, signal })));
      if (found === undefined) {
        return null;
      }
      const { versions: kept = [], nextPageToken = "" } = found as { versions?: readonly Version[]; nextPageToken?: string };
      return { kept, hasOlder: nextPageToken !== "" };
    },
  });
}
