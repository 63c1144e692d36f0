import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { rowOf } from "../api/list";
import { applied, curl, curlForAll, exportCommand, inverse, request, vedette, vedetteForAll, type Change } from "./change";

const ORIGIN = "https://vedette.example";
const FIRST = "organizations/1/sources/ctd/locations/global/findings/a1";
const SECOND = "organizations/1/sources/ctd/locations/global/findings/b2";
const marks: Change = { kind: "marks", set: { team: "it's $(id) `x`\u202e" }, remove: ["old"] };

/** What programs of these names are started with when a shell runs the text. */
function started(text: string): string[][] {
  const heard = `f() { printf '%s\\0' "$@"; printf '\\1'; }; vedette() { f vedette "$@"; }; curl() { f curl "$@"; }; `;
  const said = execFileSync("/bin/bash", ["--norc", "-c", heard + text], { encoding: "utf8", env: { VEDETTE_TOKEN: "secret" } });
  return said
    .split("\u0001")
    .slice(0, -1)
    .map((words) => words.split("\0").slice(0, -1));
}

test("commands are what a shell takes for the words that were meant", () => {
  expect(started(vedette(marks, [FIRST], ORIGIN) ?? "")).toEqual([
    ["vedette", "findings", "update-marks", "--server", ORIGIN, "--security-marks", "team=it's $(id) `x`\u202e"].concat(
      ["--update-mask", "marks.team,marks.old", FIRST],
    ),
  ]);
  expect(started(vedette({ kind: "mute", to: "MUTED" }, [FIRST, SECOND], "http://127.0.0.1:7979") ?? "")).toEqual([
    ["vedette", "findings", "set-mute", "--mute", "muted", FIRST],
    ["vedette", "findings", "set-mute", "--mute", "muted", SECOND],
  ]);
  const [words = []] = started(curl(marks, [FIRST], ORIGIN));
  expect(words).toContain("Authorization: Bearer secret");
  expect(JSON.parse(words[words.indexOf("-d") + 1] ?? "")).toEqual({ marks: { team: "it's $(id) `x`\u202e" } });
  expect(words.at(-1)).toBe(`${ORIGIN}/v2/${FIRST}/securityMarks?updateMask=marks.team%2Cmarks.old`);
});

test("a filter with hostile text stays one word", () => {
  const filter = `category="$(touch /tmp/x)'; rm -rf ~"`;
  for (const text of [
    vedetteForAll({ kind: "mute", to: "MUTED" }, filter, ORIGIN),
    exportCommand(filter, "csv", ORIGIN),
  ]) {
    expect(started(text ?? "")[0]).toContain(filter);
  }
  const all = started(curlForAll({ kind: "mute", to: "UNDEFINED" }, filter, ORIGIN) ?? "")[0] ?? [];
  expect(JSON.parse(all[all.indexOf("-d") + 1] ?? "")).toEqual({ filter, muteState: "UNDEFINED" });
  expect(curlForAll({ kind: "state", to: "INACTIVE" }, filter, ORIGIN)).toBeUndefined();
});

test("what the command line cannot say is not said wrongly", () => {
  expect(vedette({ kind: "marks", set: { a: "1,b=2" }, remove: [] }, [FIRST], ORIGIN)).toBeUndefined();
});

test("a change is taken back to what the finding itself said", () => {
  const row = rowOf({
    finding: {
      name: FIRST,
      state: "ACTIVE",
      mute: "MUTED",
      muteInfo: { staticMute: { state: "UNMUTED" } },
      securityMarks: { marks: { team: "a", other: "x" } },
    },
  });
  expect(inverse({ kind: "mute", to: "MUTED" }, row)).toEqual({ kind: "mute", to: "UNMUTED" });
  expect(inverse({ kind: "mute", to: "MUTED" }, rowOf({ finding: { mute: "MUTED" } }))).toEqual({ kind: "mute", to: "UNDEFINED" });
  expect(inverse({ kind: "state", to: "INACTIVE" }, row)).toEqual({ kind: "state", to: "ACTIVE" });
  const back = inverse(marks, row);
  expect(back).toEqual({ kind: "marks", set: { team: "a" }, remove: ["old"] });
  expect(applied(back, { ...row, ...applied(marks, row) }).marks).toEqual({ team: "a", other: "x" });
});

test("each finding has its request", () => {
  expect(request({ kind: "state", to: "INACTIVE" }, FIRST)).toEqual({
    method: "POST",
    path: `/v2/${FIRST}:setState`,
    body: { state: "INACTIVE" },
  });
});
