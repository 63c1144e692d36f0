// What a reader changes of findings, and the same as commands.

import type { Row } from "../api/list";
import { command, quote } from "../text/shell";

export const MUTES = ["MUTED", "UNMUTED", "UNDEFINED"] as const;
export const STATES = ["ACTIVE", "INACTIVE"] as const;

export type Change =
  | { readonly kind: "mute"; readonly to: (typeof MUTES)[number] }
  | { readonly kind: "state"; readonly to: (typeof STATES)[number] }
  /** Marks that are set, and keys of those that go. */
  | { readonly kind: "marks"; readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] };

const DEFAULT_SERVER = "http://127.0.0.1:7979";
const MARK = /^[A-Za-z0-9_-]{1,256}$/;

export function isMarkKey(key: string): boolean {
  return MARK.test(key);
}

/** The change that brings back what a finding was before. */
export function inverse(change: Change, before: Row): Change {
  if (change.kind === "mute") {
    return { kind: "mute", to: MUTES.find((mute) => mute === before.ownMute) ?? "UNDEFINED" };
  }
  if (change.kind === "state") {
    return { kind: "state", to: before.state === "INACTIVE" ? "INACTIVE" : "ACTIVE" };
  }
  const touched = [...Object.keys(change.set), ...change.remove];
  const had = touched.filter((key) => before.marks[key] !== undefined);
  return {
    kind: "marks",
    set: Object.fromEntries(had.map((key) => [key, before.marks[key] ?? ""])),
    remove: touched.filter((key) => before.marks[key] === undefined),
  };
}

/** What the row says once the change is made. */
export function applied(change: Change, row: Row): Partial<Row> {
  if (change.kind === "state") {
    return { state: change.to };
  }
  if (change.kind === "mute") {
    return { mute: change.to, ownMute: change.to };
  }
  const kept = Object.entries(row.marks).filter(([key]) => !change.remove.includes(key));
  return { marks: { ...Object.fromEntries(kept), ...change.set } };
}

export interface Request {
  readonly method: "POST" | "PATCH";
  /** From the API's root. */
  readonly path: string;
  readonly body: unknown;
}

/** The request that changes one finding. */
export function request(change: Change, name: string): Request {
  if (change.kind === "mute") {
    return { method: "POST", path: `/v2/${name}:setMute`, body: { mute: change.to } };
  }
  if (change.kind === "state") {
    return { method: "POST", path: `/v2/${name}:setState`, body: { state: change.to } };
  }
  const mask = [...Object.keys(change.set), ...change.remove].map((key) => `marks.${key}`).join(",");
  return { method: "PATCH", path: `/v2/${name}/securityMarks?updateMask=${encodeURIComponent(mask)}`, body: { marks: change.set } };
}

/** The request that mutes, or leaves to the rules, everything that matches. */
export function bulkRequest(filter: string, to: "MUTED" | "UNDEFINED"): Request {
  return { method: "POST", path: "/v2/organizations/-/findings:bulkMute", body: { filter, muteState: to } };
}

function curlOf({ method, path, body }: Request, origin: string): string {
  const words = ["-X", method, "-H", "Content-Type: application/json", "-d", JSON.stringify(body), `${origin}${path}`];
  return `curl -fsS -H "Authorization: Bearer $VEDETTE_TOKEN" ${command(...words)}`;
}

function serverWords(origin: string): readonly string[] {
  return origin === DEFAULT_SERVER ? [] : ["--server", origin];
}

function vedetteWords(change: Change): readonly string[] {
  if (change.kind === "mute") {
    return ["set-mute", "--mute", change.to.toLowerCase()];
  }
  if (change.kind === "state") {
    return ["update", "--state", change.to.toLowerCase()];
  }
  const set = Object.entries(change.set).map(([key, value]) => `${key}=${value}`);
  const mask = [...Object.keys(change.set), ...change.remove].map((key) => `marks.${key}`);
  // a comma parts marks from each other: one that holds a comma is only said alone, through the API
  return ["update-marks", ...(set.length > 0 ? ["--security-marks", set.join(",")] : []), "--update-mask", mask.join(",")];
}

/** Whether the command line can say it: commas part its marks. */
function isSayable(change: Change): boolean {
  return change.kind !== "marks" || Object.values(change.set).every((value) => !value.includes(","));
}

/** The commands that do the same to these findings; undefined where the command line cannot say it. */
export function vedette(change: Change, names: readonly string[], origin: string): string | undefined {
  if (!isSayable(change)) {
    return undefined;
  }
  const [verb = "", ...words] = vedetteWords(change);
  const [name] = names;
  if (names.length === 1 && name !== undefined) {
    return command("vedette", "findings", verb, ...serverWords(origin), ...words, name);
  }
  const list = names.map((one) => ` \\\n  ${quote(one)}`).join("");
  return `for name in${list}\ndo\n  ${command("vedette", "findings", verb, ...serverWords(origin), ...words)} "$name"\ndone`;
}

export function curl(change: Change, names: readonly string[], origin: string): string {
  return names.map((name) => curlOf(request(change, name), origin)).join("\n");
}

/** The same for everything that matches. */
export function vedetteForAll(change: Change, filter: string, origin: string): string | undefined {
  if (change.kind === "mute" && change.to !== "UNMUTED") {
    const words = [...serverWords(origin), "--filter", filter, "--mute-state", change.to.toLowerCase()];
    return command("vedette", "findings", "bulk-mute", ...words);
  }
  if (!isSayable(change)) {
    return undefined;
  }
  const [verb = "", ...words] = vedetteWords(change);
  const server = serverWords(origin);
  const list = command("vedette", "findings", "list", ...server, "--filter", filter, "--limit", "0", "-o", "value(finding.name)");
  // the list is whole before the first change: what is changed may no longer match
  return `names=$(${list}) &&\nfor name in $names\ndo\n  ${command("vedette", "findings", verb, ...server, ...words)} "$name"\ndone`;
}

export function curlForAll(change: Change, filter: string, origin: string): string | undefined {
  return change.kind === "mute" && change.to !== "UNMUTED" ? curlOf(bulkRequest(filter, change.to), origin) : undefined;
}

export function exportCommand(filter: string, format: string, origin: string): string {
  const words = [...serverWords(origin), ...(filter === "" ? [] : ["--filter", filter]), "-o", `findings.${format}`];
  return command("vedette", "findings", "export", ...words);
}
