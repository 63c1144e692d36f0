// What changed between two documents.

import type { Key, Path } from "./path";
import { isFoldable } from "./rows";

export type Difference =
  | { readonly kind: "added"; readonly path: Path; readonly after: unknown }
  | { readonly kind: "removed"; readonly path: Path; readonly before: unknown }
  | { readonly kind: "changed"; readonly path: Path; readonly before: unknown; readonly after: unknown };

export interface Differences {
  readonly found: readonly Difference[];
  /** There are more than are told. */
  readonly isCut: boolean;
}

const MOST = 2_000;

/** Of two documents from JSON. */
function isSame(a: unknown, b: unknown): boolean {
  const waiting: [unknown, unknown][] = [[a, b]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [one, other] = next;
    if (Object.is(one, other)) {
      continue;
    }
    if (!isFoldable(one) || !isFoldable(other) || Array.isArray(one) !== Array.isArray(other)) {
      return false;
    }
    const keys = Object.keys(one);
    if (keys.length !== Object.keys(other).length) {
      return false;
    }
    for (const key of keys) {
      if (!Object.hasOwn(other, key)) {
        return false;
      }
      waiting.push([(one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key]]);
    }
  }
  return true;
}

/** Objects by their keys; lists by what stands between the same beginning and the same end. */
export function diff(before: unknown, after: unknown): Differences {
  const found: Difference[] = [];
  // the last in is looked at first: what stands first in the document goes in last
  const waiting: (() => void)[] = [];
  const later = (path: Path, entries: readonly (readonly [Key, unknown, unknown, "both" | "added" | "removed"])[]) => {
    for (const [key, one, other, where] of entries.toReversed()) {
      const at = [...path, key];
      waiting.push(() => {
        if (where === "added") {
          found.push({ kind: "added", path: at, after: other });
        } else if (where === "removed") {
          found.push({ kind: "removed", path: at, before: one });
        } else {
          compare(at, one, other);
        }
      });
    }
  };
  const compare = (path: Path, one: unknown, other: unknown): void => {
    if (Array.isArray(one) && Array.isArray(other)) {
      let head = 0;
      while (head < one.length && head < other.length && isSame(one[head], other[head])) {
        head += 1;
      }
      let tail = 0;
      while (
        tail < one.length - head &&
        tail < other.length - head &&
        isSame(one[one.length - 1 - tail], other[other.length - 1 - tail])
      ) {
        tail += 1;
      }
      const gone = one.length - head - tail;
      const come = other.length - head - tail;
      later(
        path,
        Array.from({ length: Math.max(gone, come) }, (_, at) => {
          const where = at >= gone ? "added" : at >= come ? "removed" : "both";
          return [head + at, one[head + at] as unknown, other[head + at] as unknown, where] as const;
        }),
      );
    } else if (isFoldable(one) && isFoldable(other) && !Array.isArray(one) && !Array.isArray(other)) {
      const left = one as Record<string, unknown>;
      const right = other as Record<string, unknown>;
      const keys = [...Object.keys(left), ...Object.keys(right).filter((key) => !Object.hasOwn(left, key))];
      later(
        path,
        keys.map((key) => {
          const where = !Object.hasOwn(right, key) ? "removed" : !Object.hasOwn(left, key) ? "added" : "both";
          return [key, left[key], right[key], where] as const;
        }),
      );
    } else if (!Object.is(one, other)) {
      found.push({ kind: "changed", path, before: one, after: other });
    }
  };
  compare([], before, after);
  for (let next = waiting.pop(); next !== undefined && found.length < MOST; next = waiting.pop()) {
    next();
  }
  return { found, isCut: waiting.length > 0 && found.length >= MOST };
}
