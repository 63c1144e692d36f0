// What the address bar says of the list: a link shows the reader what the sender saw.

export const RANGES = { hour: 3_600, day: 86_400, week: 604_800, month: 2_592_000, all: 0 } as const;
export type Range = keyof typeof RANGES;

export interface View {
  readonly filter: string;
  readonly state: string;
  readonly mute: string;
  readonly severity: string;
  readonly range: Range;
}

export const INITIAL: View = { filter: "", state: "ACTIVE", mute: "UNMUTED", severity: "", range: "week" };

export function read(search: string): View {
  const said = new URLSearchParams(search);
  const range = said.get("range") ?? INITIAL.range;
  return {
    filter: said.get("filter") ?? INITIAL.filter,
    state: said.get("state") ?? INITIAL.state,
    mute: said.get("mute") ?? INITIAL.mute,
    severity: said.get("severity") ?? INITIAL.severity,
    range: range in RANGES ? (range as Range) : INITIAL.range,
  };
}

export function write(view: View): string {
  const said = new URLSearchParams();
  for (const key of Object.keys(INITIAL) as (keyof View)[]) {
    if (view[key] !== INITIAL[key]) {
      said.set(key, view[key]);
    }
  }
  return said.toString();
}

/** The filter that the server is asked with. The range ends are whole minutes, so that the same question is asked again. */
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
  if (view.severity !== "") {
    parts.push(`severity = ${JSON.stringify(view.severity)}`);
  }
  const seconds = RANGES[view.range];
  if (seconds > 0) {
    const from = Math.floor(now / 60_000) * 60_000 - seconds * 1_000;
    parts.push(`event_time >= "${new Date(from).toISOString()}"`);
  }
  if (view.filter.trim() !== "") {
    parts.push(`(${view.filter.trim()})`);
  }
  return parts.join(" AND ");
}
