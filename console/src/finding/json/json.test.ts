import { expect, test } from "vitest";
import { diff } from "./diff";
import { jq, jsonPath, jsonText } from "./path";
import { opened, PIECE, rowsOf } from "./rows";
import { statesOf } from "./states";

test("paths of jq and of JSONPath", () => {
  const path = ["finding", "processes", 0, "binary path", "a\u202e\"b"];
  expect(jq(path)).toBe('.finding.processes[0]["binary path"]["a\\u202e\\"b"]');
  expect(jsonPath(path)).toBe('$.finding.processes[0]["binary path"]["a\\u202e\\"b"]');
  expect(jq([])).toBe(".");
  expect(jq([3])).toBe(".[3]");
  expect(jq(["a b", "c"])).toBe('.["a b"].c');
});

test("copied JSON has the same content and acts on nothing", () => {
  const value = { "a\u202e": ["\u001b[2J", "\ud800", "é漢😀", "a b", "\u{e0041}", "\u00a0"] };
  const text = jsonText(value, 2);
  expect(JSON.parse(text)).toEqual(value);
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  expect(text).toContain("é漢😀");
});

test("only what is open has rows", () => {
  const document = { a: { b: [1, 2] }, c: "x" };
  const folded = rowsOf(document, { open: new Set([""]), shown: new Map() });
  expect(folded.map(({ key, kind, size }) => [key, kind, size])).toEqual([
    [undefined, "object", 2],
    ["a", "object", 1],
    ["c", "scalar", 0],
  ]);
  const all = rowsOf(document, { open: opened(document, 9), shown: new Map() });
  expect(all.map(({ depth, key }) => [depth, key])).toEqual([
    [0, undefined],
    [1, "a"],
    [2, "b"],
    [3, 0],
    [3, 1],
    [1, "c"],
  ]);
});

test("ten thousand keys and a megabyte of text come a piece at a time", () => {
  const document = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, "x".repeat(at === 0 ? 1_000_000 : 1)]));
  const rows = rowsOf(document, { open: opened(document, 3), shown: new Map() });
  expect(rows.length).toBe(PIECE + 2);
  expect(rows.at(-1)).toMatchObject({ kind: "more", size: 10_000 - PIECE });
  expect(rowsOf(document, { open: opened(document, 3), shown: new Map([["", 20_000]]) }).length).toBe(10_001);
});

test("keys that look like paths, and half characters, are told apart", () => {
  const document = { "a/b": { x: 1 }, a: { b: { x: 1 } }, "\ud800": {} };
  const ids = rowsOf(document, { open: opened(document, 9), shown: new Map() }).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("a document that is nested very deep ends", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 5_000; level += 1) {
    deep = { deep };
  }
  expect(rowsOf(deep, { open: opened(deep, 3), shown: new Map() }).length).toBe(4);
});

test("what was added, removed and changed", () => {
  const { found } = diff({ a: 1, b: { c: [1, 2, 3] }, gone: "x", same: [{}] }, { a: 2, b: { c: [0, 1, 2, 3] }, fresh: null, same: [{}] });
  expect(found).toEqual([
    { kind: "changed", path: ["a"], before: 1, after: 2 },
    { kind: "added", path: ["b", "c", 0], after: 0 },
    { kind: "removed", path: ["gone"], before: "x" },
    { kind: "added", path: ["fresh"], after: null },
  ]);
});

test("lists are compared between their same beginning and end", () => {
  expect(diff([1, 2, 3, 4], [1, 9, 4]).found).toEqual([
    { kind: "changed", path: [1], before: 2, after: 9 },
    { kind: "removed", path: [2], before: 3 },
  ]);
  expect(diff([{ a: 1 }], [{ a: 2 }]).found).toEqual([{ kind: "changed", path: [0, "a"], before: 1, after: 2 }]);
});

test("kinds that differ are one change, and equal documents none", () => {
  expect(diff({ a: [1] }, { a: { 0: 1 } }).found).toEqual([{ kind: "changed", path: ["a"], before: [1], after: { 0: 1 } }]);
  expect(diff({ a: [1, { b: null }] }, { a: [1, { b: null }] }).found).toEqual([]);
  expect(diff(null, undefined).found.length).toBe(1);
});

test("keys of JavaScript's own are keys as any other", () => {
  const [before, after] = [JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 2, "constructor": 3}')] as [unknown, unknown];
  expect(diff(before, after).found.map(({ kind, path }) => [kind, path[0]])).toEqual([
    ["changed", "__proto__"],
    ["added", "constructor"],
  ]);
});

test("very many differences are cut, and that is said", () => {
  const many = (value: number) => Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, value]));
  const { found, isCut } = diff(many(1), many(2));
  expect(found.length).toBe(2_000);
  expect(isCut).toBe(true);
});

test("the present state is compared with earlier ones, and stands once", () => {
  const now = { finding: { state: "ACTIVE" } };
  const before = { finding: { state: "INACTIVE" }, versionTime: "2026-01-01T00:00:00Z", endTime: "2026-01-02T00:00:00Z" };
  expect(statesOf(now, [before]).map(({ since, isNow }) => [since, isNow])).toEqual([
    ["2026-01-02T00:00:00Z", true],
    ["2026-01-01T00:00:00Z", false],
  ]);
  expect(statesOf(now, [{ ...now, versionTime: "2026-01-02T00:00:00Z" }, before]).map(({ since }) => since)).toEqual([
    "2026-01-02T00:00:00Z",
    "2026-01-01T00:00:00Z",
  ]);
  expect(statesOf(now, []).length).toBe(1);
});
