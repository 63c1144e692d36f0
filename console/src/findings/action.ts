// An action on what is selected, from its beginning to what can take it back.

import { send, sendLong } from "../api/changes";
import { rowsPage, type Row } from "../api/list";
import { applied, bulkRequest, inverse, request, type Change } from "./change";
import { forEach, type Failure } from "./many";

/** More is not asked for one by one from a browser. */
export const ONE_BY_ONE_MAX = 10_000;
/** So many findings are remembered as they were. */
export const UNDO_MAX = 1_000;

/** What an action is meant for: rows that are known, or everything that matches a filter. */
export type Meant =
  | { readonly kind: "rows"; readonly rows: readonly Row[] }
  | { readonly kind: "all"; readonly filter: string; readonly total: number; readonly isLeast: boolean };

/** What brings one finding back to what it was. */
export interface Undo {
  readonly row: Row;
  readonly change: Change;
}

export interface Outcome {
  /** How many were changed; undefined when the server did not say. */
  readonly changed: number | undefined;
  readonly failed: readonly Failure<{ readonly name: string; readonly category: string }>[];
  /** How many were not begun. */
  readonly left: number;
  readonly undo: readonly Undo[];
}

interface Doing {
  readonly signal: AbortSignal;
  readonly onProgress: (finished: number, of: number) => void;
  readonly onChanged: (row: Row, change: Partial<Row>) => void;
}

/** Everything that matches, read before the first is changed: what is changed may no longer match. */
async function readAll(filter: string, most: number, signal: AbortSignal): Promise<readonly Row[]> {
  const found: Row[] = [];
  let token = "";
  do {
    const page = await rowsPage({ filter, orderBy: "create_time desc" }, token, 1_000, signal);
    found.push(...page.rows);
    token = page.next;
  } while (token !== "" && found.length < most);
  return found;
}

/** Whether it can be done from here: what has no request of its own for many is done one by one, up to a number. */
export function isPossible(change: Change, meant: Meant): boolean {
  return meant.kind === "rows" || isBulk(change) || (meant.total <= ONE_BY_ONE_MAX && !meant.isLeast);
}

function isBulk(change: Change): change is Change & { readonly kind: "mute"; readonly to: "MUTED" | "UNDEFINED" } {
  return change.kind === "mute" && change.to !== "UNMUTED";
}

async function oneByOne(items: readonly Undo[], { signal, onProgress, onChanged }: Doing): Promise<Outcome> {
  const before = new Map(items.map(({ row }) => [row.name, { ...row }]));
  const act = async ({ row, change }: Undo) => {
    await send(request(change, row.name));
    onChanged(row, applied(change, row));
  };
  const { done, failed, left } = await forEach(items, act, signal, (finished) => onProgress(finished, items.length));
  return {
    changed: done.length,
    failed: failed.map(({ item, message }) => ({ item: item.row, message })),
    left: left.length,
    undo: done.map(({ row, change }) => ({ row, change: inverse(change, before.get(row.name) ?? row) })),
  };
}

export async function perform(change: Change, meant: Meant, doing: Doing): Promise<Outcome> {
  if (meant.kind === "rows") {
    return oneByOne(meant.rows.map((row) => ({ row, change })), doing);
  }
  if (!isBulk(change)) {
    const rows = await readAll(meant.filter, ONE_BY_ONE_MAX, doing.signal);
    return oneByOne(rows.map((row) => ({ row, change })), doing);
  }
  const isFew = meant.total <= UNDO_MAX && !meant.isLeast;
  const rows = isFew ? await readAll(meant.filter, UNDO_MAX, doing.signal) : [];
  await sendLong(bulkRequest(meant.filter, change.to), doing.signal);
  const undo = rows.map((row) => ({ row, change: inverse(change, row) }));
  rows.forEach((row) => doing.onChanged(row, applied(change, row)));
  return { changed: isFew ? rows.length : undefined, failed: [], left: 0, undo };
}

/** Brings findings back to what they were. */
export function takeBack(undo: readonly Undo[], doing: Doing): Promise<Outcome> {
  return oneByOne(undo, doing);
}
