import { queryOptions } from "@tanstack/react-query";
import { ask } from "./client";
import type { FindingResult } from "./finding";

export type Said = "INHERITED" | "ENABLED" | "DISABLED";

/** One switch at one place: what is said there, and what holds. */
export interface Switch {
  readonly said: Said;
  readonly holds: "ENABLED" | "DISABLED" | undefined;
}

export interface Switches {
  readonly service: Switch;
  readonly modules: ReadonlyMap<string, Switch>;
}

export interface Detector {
  readonly module: string;
  readonly category?: string;
  readonly severity?: string;
  readonly onByDefault?: boolean;
  readonly description?: string;
  readonly tactic?: string;
  readonly additionalTactics?: readonly string[];
  readonly techniques?: readonly string[];
  readonly evidence?: readonly string[];
  readonly needs?: readonly string[];
  readonly reproduction?: string;
  readonly cost?: { readonly events?: string; readonly nanosPerEvent?: number } | null;
}

export interface Verdict {
  readonly module?: string;
  readonly verdict?: string;
  readonly conditions?: readonly { readonly condition?: string; readonly state?: string; readonly reason?: string }[];
  readonly pid?: string;
  readonly commandLine?: string;
}

export interface Replayed {
  readonly records?: string;
  /** Found, and not in the answer: it would have been too long. */
  readonly findingsLeftOut?: string;
  readonly findings?: readonly FindingResult[];
  readonly verdicts?: readonly Verdict[];
}

interface ServiceOnWire {
  readonly intendedEnablementState?: string;
  readonly effectiveEnablementState?: string;
  readonly modules?: Readonly<
    Record<string, { readonly intendedEnablementState?: string; readonly effectiveEnablementState?: string }>
  >;
}

interface SettingsOnWire {
  readonly serviceEnablementState?: string;
  readonly modules?: Readonly<Record<string, { readonly moduleEnablementState?: string }>>;
}

export const EVERYTHING = "organizations/-";
const SERVICE = "locations/global/securityCenterServices/container-threat-detection";

function said(state: string | undefined): Said {
  return state === "ENABLED" || state === "DISABLED" ? state : "INHERITED";
}

function holding(state: string | undefined): Switch["holds"] {
  return state === "ENABLED" || state === "DISABLED" ? state : undefined;
}

export function isCluster(place: string): boolean {
  return place.includes("/clusters/");
}

async function read(place: string, signal: AbortSignal): Promise<Switches> {
  if (isCluster(place)) {
    const path = `/v1beta2/${place}/containerThreatDetectionSettings`;
    const [here, effective] = await Promise.all([
      ask<SettingsOnWire>("GET", path, undefined, signal),
      ask<SettingsOnWire>("GET", `${path}:calculate`, undefined, signal),
    ]);
    return {
      service: { said: said(here.serviceEnablementState), holds: holding(effective.serviceEnablementState) },
      modules: new Map(
        Object.entries(effective.modules ?? {}).map(([name, { moduleEnablementState }]) => [
          name,
          { said: said(here.modules?.[name]?.moduleEnablementState), holds: holding(moduleEnablementState) },
        ]),
      ),
    };
  }
  const found = await ask<ServiceOnWire>("GET", `/v1/${place}/${SERVICE}`, undefined, signal);
  return {
    service: { said: said(found.intendedEnablementState), holds: holding(found.effectiveEnablementState) },
    modules: new Map(
      Object.entries(found.modules ?? {}).map(([name, module]) => [
        name,
        { said: said(module.intendedEnablementState), holds: holding(module.effectiveEnablementState) },
      ]),
    ),
  };
}

/** Which detectors are on at a place: `organizations/1`, `projects/p`, `projects/p/locations/l/clusters/c`, … */
export function switchesAt(place: string) {
  return queryOptions({ queryKey: ["switches", place], queryFn: ({ signal }) => read(place, signal) });
}

export interface Change {
  readonly method: "PATCH";
  readonly path: string;
  readonly body: object;
}

/**
 * The request that changes a module at a place. A cluster's settings are written whole, so what is said of the other modules goes
 * along.
 */
export function changeOf(place: string, module: string, state: Said, now: Switches): Change {
  if (!isCluster(place)) {
    const path = `/v1/${place}/${SERVICE}?updateMask=${encodeURIComponent(`modules.${module}`)}`;
    return { method: "PATCH", path, body: { modules: { [module]: { intendedEnablementState: state } } } };
  }
  const others = [...now.modules].filter(([name, { said: own }]) => name !== module && own !== "INHERITED");
  const modules = Object.fromEntries(
    [...others.map(([name, { said: own }]) => [name, own] as const), [module, state] as const].map(([name, own]) => [
      name,
      { moduleEnablementState: own },
    ]),
  );
  return { method: "PATCH", path: `/v1beta2/${place}/containerThreatDetectionSettings?updateMask=modules`, body: { modules } };
}

/** Everything that the server says of its detectors. */
export const catalogue = queryOptions({
  queryKey: ["detectors"],
  queryFn: async ({ signal }) => (await ask<{ readonly detectors?: readonly Detector[] }>("GET", "/v2/detectors", undefined, signal)).detectors ?? [],
  staleTime: 60_000,
});

/** What every detector would say of a process with these arguments. */
export async function tryCommandLine(commandLine: string): Promise<readonly Verdict[]> {
  return (await ask<{ readonly verdicts?: readonly Verdict[] }>("POST", "/v2/detectors:try", { commandLine })).verdicts ?? [];
}

/** What every detector says of a recording. */
export async function replay(recording: Blob): Promise<Replayed> {
  // read here: of a file that grows meanwhile the browser says so, and not that there is no server
  const bytes = new Blob([await recording.arrayBuffer()]);
  return ask<Replayed>("POST", "/v2/detectors:replay", bytes);
}
