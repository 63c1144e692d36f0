// What the page does, as commands that do the same: of `vedette`, and of the API by curl.

import { command, quote } from "../text/shell";

export interface Equivalent {
  /** Absent where `vedette` has no command for it. */
  readonly vedette?: string;
  readonly api: string;
}

const USUAL = "http://127.0.0.1:7979";

/** `vedette findings …`, told where the server is unless it is where the command looks anyway. */
export function vedette(origin: string, ...words: string[]): string {
  return command("vedette", "findings", ...words, ...(origin === USUAL ? [] : ["--server", origin]));
}

function curl(origin: string, method: string, path: string, body?: unknown, output?: string): string {
  const said = [
    "curl",
    ...(method === "GET" ? [] : ["-X", method]),
    ...(body === undefined ? [] : ["-H", "Content-Type: application/json", "--data", JSON.stringify(body)]),
    ...(output === undefined ? [] : ["--output", output]),
    `${origin}/v2/${path}`,
  ];
  // the shell fills in the token: it is in no history
  return `${said.map(quote).join(" ")} -H "Authorization: Bearer $VEDETTE_TOKEN"`;
}

export function show(origin: string, name: string): Equivalent {
  return { vedette: vedette(origin, "show", name), api: curl(origin, "GET", name) };
}

export function setState(origin: string, name: string, state: string): Equivalent {
  return {
    vedette: vedette(origin, "update", name, "--state", state.toLowerCase()),
    api: curl(origin, "POST", `${name}:setState`, { state }),
  };
}

export function setMute(origin: string, name: string, mute: string): Equivalent {
  return {
    vedette: vedette(origin, "set-mute", name, "--mute", mute.toLowerCase()),
    api: curl(origin, "POST", `${name}:setMute`, { mute }),
  };
}

export interface MarksChange {
  readonly set: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
}

/** Which marks are set and which are removed, to come from one set of marks to another. */
export function marksChange(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): MarksChange {
  const set = Object.entries(after).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value);
  return {
    set: Object.fromEntries(set),
    removed: Object.keys(before).filter((key) => !Object.hasOwn(after, key)),
  };
}

export function maskOf({ set, removed }: MarksChange): string {
  return [...Object.keys(set), ...removed].map((key) => `marks.${key}`).join(",");
}

export function updateMarks(origin: string, name: string, change: MarksChange): Equivalent {
  const mask = maskOf(change);
  const api = curl(
    origin,
    "PATCH",
    `${name}/securityMarks?updateMask=${encodeURIComponent(mask)}`,
    { marks: change.set },
  );
  const pairs = Object.entries(change.set);
  // the command takes commas as the end of a value
  if (pairs.some(([, value]) => value.includes(","))) {
    return { api };
  }
  const set = pairs.map(([key, value]) => `${key}=${value}`).join(",");
  return {
    vedette: vedette(
      origin,
      "update-marks",
      name,
      ...(set === "" ? [] : [`--security-marks=${set}`]),
      `--update-mask=${mask}`,
    ),
    api,
  };
}

export function updateExternalSystem(
  origin: string,
  name: string,
  system: string,
  facts: Readonly<Record<string, unknown>>,
): Equivalent {
  const mask = encodeURIComponent(Object.keys(facts).join(","));
  return { api: curl(origin, "PATCH", `${name}/externalSystems/${system}?updateMask=${mask}`, facts) };
}

export function evidence(origin: string, name: string): Equivalent {
  return { vedette: vedette(origin, "evidence", name), api: curl(origin, "GET", `${name}/evidence`) };
}

export function downloadEvidence(origin: string, name: string, sha256: string): Equivalent {
  return { api: curl(origin, "GET", `${name}/evidence/${sha256}`, undefined, `${sha256}.evidence`) };
}

/** The password is read from the terminal: it stands in no command. */
export function archive(origin: string, name: string): Equivalent {
  const target = quote(`${origin}/v2/${name}/evidence:archive`);
  return {
    api: `read -rs PASSWORD; jq -n --arg password "$PASSWORD" '{$password}' | curl -X POST -H 'Content-Type: application/json' --data @- --output evidence.zip ${target} -H "Authorization: Bearer $VEDETTE_TOKEN"`,
  };
}

export function shape(origin: string, name: string, of: string): Equivalent {
  return of === "scc-v2"
    ? { vedette: vedette(origin, "show", name, "--output", "json"), api: curl(origin, "GET", name) }
    : { api: curl(origin, "GET", `${name}:shape?shape=${encodeURIComponent(of)}`) };
}
