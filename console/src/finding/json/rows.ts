// A document as the rows that are shown of it: what is folded costs nothing, and long lists come a piece at a time.

import type { Key, Path } from "./path";

export interface Row {
  /** The way from the root by places, not by keys: these are hostile text, as long as somebody likes. */
  readonly id: string;
  readonly path: Path;
  readonly key: Key | undefined;
  readonly depth: number;
  readonly value: unknown;
  readonly kind: "object" | "array" | "scalar" | "more";
  /** Entries of an object or an array; of `more`, those that are not shown. */
  readonly size: number;
  readonly isOpen: boolean;
  readonly position: number;
  readonly siblings: number;
}

/** Entries of one object or array that are shown before more are asked for. */
export const PIECE = 500;
const DEEPEST = 60;

export interface Folding {
  /** Ids of what is open. */
  readonly open: ReadonlySet<string>;
  /** How many entries of an object or array are shown, where it is not `PIECE`. */
  readonly shown: ReadonlyMap<string, number>;
}

export function isFoldable(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function sizeOf(value: object): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** What is open at the beginning: the upper levels, as long as they are short. */
export function opened(document: unknown, depth: number): Set<string> {
  const open = new Set<string>();
  const visit = (value: unknown, id: string, left: number): void => {
    if (!isFoldable(value) || left === 0 || sizeOf(value) > 200) {
      return;
    }
    open.add(id);
    Object.values(value).forEach((one, at) => visit(one, `${id}/${at}`, left - 1));
  };
  visit(document, "", depth);
  // the root is open however much is in it
  return open.add("");
}

export function rowsOf(document: unknown, { open, shown }: Folding): Row[] {
  const rows: Row[] = [];
  const visit = (value: unknown, key: Key | undefined, path: Path, id: string, position: number, siblings: number): void => {
    const isObject = isFoldable(value);
    const kind = Array.isArray(value) ? "array" : isObject ? "object" : "scalar";
    const isOpen = isObject && open.has(id) && path.length < DEEPEST;
    const keys = isObject && kind === "object" ? Object.keys(value) : [];
    const size = Array.isArray(value) ? value.length : keys.length;
    rows.push({ id, path, key, depth: path.length, value, kind, size, isOpen, position, siblings });
    if (!isOpen) {
      return;
    }
    const most = Math.min(size, shown.get(id) ?? PIECE);
    for (let at = 0; at < most; at += 1) {
      const name = Array.isArray(value) ? at : (keys[at] ?? "");
      const one = Array.isArray(value) ? (value[at] as unknown) : (value as Record<string, unknown>)[name];
      visit(one, name, [...path, name], `${id}/${at}`, at + 1, size);
    }
    if (most < size) {
      rows.push({
        id: `${id}/…`,
        path,
        key: undefined,
        depth: path.length + 1,
        value: undefined,
        kind: "more",
        size: size - most,
        isOpen: false,
        position: most + 1,
        siblings: size,
      });
    }
  };
  visit(document, undefined, [], "", 1, 1);
  return rows;
}
