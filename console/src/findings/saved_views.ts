// Views that the reader named. They stay in this browser.

export interface SavedView {
  readonly name: string;
  /** What stands behind `?` in the address. */
  readonly search: string;
}

type Kept = Pick<Storage, "getItem" | "setItem">;

const KEY = "vedette.views";
export const VIEWS_MAX = 100;
export const NAME_MAX = 80;

function isView(said: unknown): said is SavedView {
  const view = said as Partial<SavedView> | null;
  return typeof view === "object" && typeof view?.name === "string" && typeof view.search === "string";
}

/** What cannot be read is as if it were not there. */
export function views(kept: Kept): readonly SavedView[] {
  try {
    const said: unknown = JSON.parse(kept.getItem(KEY) ?? "[]");
    return Array.isArray(said) ? said.filter(isView) : [];
  } catch {
    return [];
  }
}

function keep(kept: Kept, next: readonly SavedView[]): readonly SavedView[] {
  kept.setItem(KEY, JSON.stringify(next));
  return next;
}

function named(name: string): string {
  return name.trim().slice(0, NAME_MAX);
}

/** Puts a view first; one of the same name is replaced. */
export function save(kept: Kept, name: string, search: string): readonly SavedView[] {
  const others = views(kept).filter((view) => view.name !== named(name));
  return keep(kept, [{ name: named(name), search }, ...others].slice(0, VIEWS_MAX));
}

/** Gives a view another name, unless another view has it. */
export function rename(kept: Kept, name: string, next: string): readonly SavedView[] {
  const all = views(kept);
  const isTaken = named(next) === "" || all.some((view) => view.name === named(next));
  return isTaken ? all : keep(kept, all.map((view) => (view.name === name ? { ...view, name: named(next) } : view)));
}

export function remove(kept: Kept, name: string): readonly SavedView[] {
  return keep(kept, views(kept).filter((view) => view.name !== name));
}
