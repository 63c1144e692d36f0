// Findings that are likely one attack: of one pod, or one container without one, each soon after another.

import type { Row } from "../api/list";

export interface Incident {
  readonly key: string;
  /** The worst finding, of equally bad ones the last: it speaks for all. */
  readonly worst: Row;
  /** The last first. */
  readonly rows: readonly Row[];
  readonly first: string;
  readonly last: string;
  /** What else was found, without the worst one's category. */
  readonly categories: readonly string[];
  readonly place: Place;
}

export interface Place {
  readonly kind: "pod" | "container" | "node" | "resource";
  readonly what: string;
  /** A filter of what happened there. */
  readonly filter: readonly (readonly [field: string, value: string])[];
}

/** Findings of one place further apart are two incidents. */
export const NEAR_MINUTES = 15;

const WORST_FIRST = ["CRITICAL", "HIGH", "MEDIUM", "LOW"];

export function rank(severity: string): number {
  const at = WORST_FIRST.indexOf(severity);
  return at === -1 ? WORST_FIRST.length : at;
}

function placeOf(row: Row): Place {
  if (row.pod !== "") {
    return {
      kind: "pod",
      what: row.namespace === "" ? row.pod : `${row.namespace}/${row.pod}`,
      filter: [
        ["source_properties.Pod_Namespace", row.namespace],
        ["source_properties.Pod_Name", row.pod],
      ],
    };
  }
  if (row.containerId !== "" || row.container !== "") {
    const id = row.containerId;
    const filter = [id === "" ? (["source_properties.Container_Name", row.container] as const) : (["source_properties.Container_Id", id] as const)];
    return { kind: "container", what: row.container || id.slice(0, 12), filter };
  }
  return row.node !== ""
    ? { kind: "node", what: row.node, filter: [["source_properties.VM_Instance_Name", row.node]] }
    : { kind: "resource", what: row.resourceName, filter: [["resource_name", row.resourceName]] };
}

function identity(row: Row): string {
  const { kind, filter } = placeOf(row);
  return JSON.stringify([row.cluster || row.resourceName, kind, ...filter.map(([, value]) => value)]);
}

/** Who a container belongs to may be known later than what it did: then its findings go to its pod's. */
function lineages(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const podOf = new Map<string, string>();
  for (const row of rows) {
    if (row.pod !== "" && row.containerId !== "") {
      podOf.set(row.containerId, identity(row));
    }
  }
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const key = (row.pod === "" ? podOf.get(row.containerId) : undefined) ?? identity(row);
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return found;
}

function time(row: Row): number {
  const at = Date.parse(row.eventTime);
  return Number.isNaN(at) ? 0 : at;
}

function incident(key: string, rows: readonly Row[]): Incident | undefined {
  const [newest] = rows;
  const worst = [...rows].sort((one, other) => rank(one.severity) - rank(other.severity))[0];
  const oldest = rows.at(-1);
  if (newest === undefined || worst === undefined || oldest === undefined) {
    return undefined;
  }
  const named = rows.find((row) => row.pod !== "") ?? worst;
  return {
    key: `${key} ${oldest.name}`,
    worst,
    rows,
    first: oldest.eventTime,
    last: newest.eventTime,
    categories: [...new Set(rows.map((row) => row.category))].filter((category) => category !== worst.category),
    place: placeOf(named),
  };
}

/** Incidents, the worst first, of equally bad ones the last. */
export function incidents(rows: readonly Row[]): readonly Incident[] {
  const found: Incident[] = [];
  for (const [key, own] of lineages(rows)) {
    const sorted = [...own].sort((one, other) => time(other) - time(one));
    let together: Row[] = [];
    const close = () => {
      const made = incident(key, together);
      if (made !== undefined) {
        found.push(made);
      }
      together = [];
    };
    for (const row of sorted) {
      const before = together.at(-1);
      if (before !== undefined && time(before) - time(row) > NEAR_MINUTES * 60_000) {
        close();
      }
      together.push(row);
    }
    close();
  }
  return found.sort(
    (one, other) => rank(one.worst.severity) - rank(other.worst.severity) || Date.parse(other.last) - Date.parse(one.last),
  );
}
