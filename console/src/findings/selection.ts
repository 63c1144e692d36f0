// Which findings an action is meant for.

import { quoted } from "../text/quoted";

export type Selection =
  | { readonly kind: "some"; readonly names: ReadonlySet<string> }
  /** Everything that matches, those included that were never shown. */
  | { readonly kind: "all"; readonly except: ReadonlySet<string> };

export const NOTHING: Selection = { kind: "some", names: new Set() };
export const EVERYTHING: Selection = { kind: "all", except: new Set() };

export function isSelected(selection: Selection, name: string): boolean {
  return selection.kind === "all" ? !selection.except.has(name) : selection.names.has(name);
}

function changed(set: ReadonlySet<string>, names: readonly string[], isIn: boolean): ReadonlySet<string> {
  const next = new Set(set);
  names.forEach((name) => (isIn ? next.add(name) : next.delete(name)));
  return next;
}

export function selected(selection: Selection, names: readonly string[], isIn: boolean): Selection {
  return selection.kind === "all"
    ? { kind: "all", except: changed(selection.except, names, !isIn) }
    : { kind: "some", names: changed(selection.names, names, isIn) };
}

export function toggled(selection: Selection, name: string): Selection {
  return selected(selection, [name], !isSelected(selection, name));
}

/** How many are meant when `total` match. */
export function count(selection: Selection, total: number): number {
  return selection.kind === "all" ? Math.max(0, total - selection.except.size) : selection.names.size;
}

/** What matches of the selection, as a filter; what is excepted is named. */
export function filterOf(selection: Selection & { readonly kind: "all" }, filter: string): string {
  const except = [...selection.except].map((name) => `NOT name = ${quoted(name)}`);
  return [...(filter === "" ? [] : [filter]), ...except].join(" AND ");
}
