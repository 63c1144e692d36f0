// What the address bar says of the list: a link shows the reader what the sender saw.

import { COLUMNS, INITIAL_COLUMNS, isColumn, type ColumnKey } from "./column_names";
import { isRangeKey, moments, type RangeKey } from "./range";

export interface Sort {
  readonly field: SortField;
  readonly isDescending: boolean;
}

/** What the API can order by, as it spells it. */
export const SORTED = ["event_time", "create_time", "severity", "category", "state", "resource_name", "name"] as const;
export type SortField = (typeof SORTED)[number];

export const DENSITIES = ["comfortable", "compact"] as const;
export type Density = (typeof DENSITIES)[number];

export interface View {
  readonly filter: string;
  readonly state: string;
  readonly mute: string;
  readonly range: RangeKey;
  /** RFC 3339, of a range of one's own. */
  readonly from: string;
  readonly to: string;
  readonly sort: Sort;
  readonly columns: readonly ColumnKey[];
  readonly density: Density;
}

export const INITIAL: View = {
  filter: "",
  state: "ACTIVE",
  mute: "UNMUTED",
  range: "7d",
  from: "",
  to: "",
  sort: { field: "event_time", isDescending: true },
  columns: INITIAL_COLUMNS,
  density: "comfortable",
};

const INITIAL_SORT = "-event_time";
/** Said when there is no column at all but those that are always there. */
const NONE = "-";

function sortOf(said: string | null): Sort {
  const isDescending = said?.startsWith("-") ?? false;
  const field = SORTED.find((one) => one === (isDescending ? said?.slice(1) : said));
  return field === undefined ? INITIAL.sort : { field, isDescending };
}

function columnsOf(said: string | null): readonly ColumnKey[] {
  if (said === null) {
    return INITIAL_COLUMNS;
  }
  const wanted = new Set(said.split(",").filter(isColumn));
  return COLUMNS.filter((column) => wanted.has(column));
}

export function read(search: string): View {
  const said = new URLSearchParams(search);
  const range = said.get("range");
  const [from, to] = [said.get("from") ?? "", said.get("to") ?? ""];
  const isOwn = range === "custom" && !Number.isNaN(Date.parse(from)) && Date.parse(from) < Date.parse(to);
  return {
    filter: said.get("filter") ?? INITIAL.filter,
    state: said.get("state") ?? INITIAL.state,
    mute: said.get("mute") ?? INITIAL.mute,
    range: isOwn ? "custom" : isRangeKey(range) && range !== "custom" ? range : INITIAL.range,
    from: isOwn ? new Date(from).toISOString() : "",
    to: isOwn ? new Date(to).toISOString() : "",
    sort: sortOf(said.get("sort")),
    columns: columnsOf(said.get("columns")),
    density: said.get("density") === "compact" ? "compact" : INITIAL.density,
  };
}

export function write(view: View): string {
  const said = new URLSearchParams();
  const say = (key: string, value: string, initial: string) => {
    if (value !== initial) {
      said.set(key, value);
    }
  };
  say("filter", view.filter, INITIAL.filter);
  say("state", view.state, INITIAL.state);
  say("mute", view.mute, INITIAL.mute);
  say("range", view.range, INITIAL.range);
  if (view.range === "custom") {
    say("from", view.from, "");
    say("to", view.to, "");
  }
  say("sort", `${view.sort.isDescending ? "-" : ""}${view.sort.field}`, INITIAL_SORT);
  say("columns", view.columns.join(",") || NONE, INITIAL_COLUMNS.join(","));
  say("density", view.density, INITIAL.density);
  return said.toString();
}

export function orderBy({ field, isDescending }: Sort): string {
  return isDescending ? `${field} desc` : field;
}

/** The filter that the server is asked with; what the reader wrote stands last, in parentheses. */
export function asked(view: View, now: number): string {
  const parts: string[] = [];
  if (view.state !== "") {
    parts.push(`state = ${JSON.stringify(view.state)}`);
  }
  if (view.mute === "UNMUTED") {
    parts.push('NOT mute = "MUTED"');
  } else if (view.mute !== "") {
    parts.push(`mute = ${JSON.stringify(view.mute)}`);
  }
  const { from, to } = moments(view, now);
  if (from !== undefined) {
    parts.push(`event_time >= "${from}"`);
  }
  if (to !== undefined) {
    parts.push(`event_time < "${to}"`);
  }
  if (view.filter.trim() !== "") {
    parts.push(`(${view.filter.trim()})`);
  }
  return parts.join(" AND ");
}
