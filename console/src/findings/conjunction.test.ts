import { expect, test } from "vitest";
import { chosen, excluded, freed, narrowed, parse, print, toggled, without } from "./conjunction";
import { quoted } from "../text/quoted";

const kinds = (filter: string) => parse(filter).map((term) => term.kind);

test("a conjunction of comparisons is taken apart and put together again", () => {
  const filter = `category="Execution: Socat" AND -severity=LOW AND NOT resource.type : 'x "y"' AND event_time>=5`;
  const terms = parse(filter);
  expect(terms).toMatchObject([
    { field: "category", operator: "=", values: [{ value: "Execution: Socat" }], isNegated: false },
    { field: "severity", values: [{ value: "LOW", isQuoted: false }], isNegated: true },
    { field: "resource.type", operator: ":", values: [{ value: 'x "y"', isQuoted: true }], isNegated: true },
    { field: "event_time", operator: ">=", values: [{ value: "5" }], isNegated: false },
  ]);
  expect(print(terms)).toBe(filter);
});

test("quotes and escapes are read as the server reads them", () => {
  const value = 'a"b\\c AND d\n(e) OR \u202e😀\r';
  const filter = `description=${quoted(value)}`;
  expect(parse(filter)).toMatchObject([{ values: [{ value, isQuoted: true }] }]);
  expect(parse(`x='it\\'s' AND y="a\\tb"`)).toMatchObject([
    { values: [{ value: "it's" }] },
    { values: [{ value: "a\tb" }] },
  ]);
});

test.each([
  'category="a" OR severity="HIGH"',
  "contains(connections, destination_port=4444 AND protocol=\"TCP\")",
  'inIpRange(connections.destination_ip, "203.0.113.0/24")',
  '(category="a")',
  'NOT (a="b" AND c="d")',
  "NOT NOT a=b",
  "--a=b",
  '-a="1" OR -a="2"',
  'a!="b"',
  'a="b',
  "a=b AND",
  "AND a=b",
  "a=b)",
  "(a=b",
  "a b",
  "a=-b",
  "severity",
])("%s is one piece of text that is kept", (filter) => {
  expect(parse(filter)).toEqual([{ kind: "advanced", text: filter }]);
  expect(print(parse(filter))).toBe(filter);
});

test("what is more than a comparison stands between comparisons as it was written", () => {
  const filter = `severity="HIGH" AND (a="b" AND  c="d")  AND x=-5`;
  expect(kinds(filter)).toEqual(["comparison", "advanced", "comparison"]);
  expect(without(filter, 0)).toBe(`(a="b" AND  c="d") AND x=-5`);
  expect(without(filter, 1)).toBe('severity="HIGH" AND x=-5');
  expect(narrowed(filter, "x", "1")).toBe(`severity="HIGH" AND (a="b" AND  c="d") AND x="1"`);
});

test("alternatives of one field are one chip, and OR binds tighter than AND", () => {
  const filter = 'severity="HIGH" OR severity=CRITICAL AND category="a"';
  expect(kinds(filter)).toEqual(["comparison", "comparison"]);
  expect([...chosen(filter, "severity")]).toEqual(["HIGH", "CRITICAL"]);
  expect(toggled(filter, "severity", "HIGH")).toBe('severity=CRITICAL AND category="a"');
  expect(toggled(filter, "category", "b")).toBe('severity="HIGH" OR severity=CRITICAL AND category="a" OR category="b"');
  expect(toggled('category="a"', "category", "a")).toBe("");
  expect(freed(filter, "severity")).toBe('category="a"');
});

test("clicks narrow and exclude, and one click takes back the other", () => {
  expect(narrowed("", "category", 'a"b')).toBe('category="a\\"b"');
  expect(narrowed('category="a" OR category="b"', "category", "b")).toBe('category="b"');
  expect(narrowed('-category="a"', "category", "a")).toBe('category="a"');
  expect(excluded('category="a"', "category", "a")).toBe('-category="a"');
  expect(excluded('category="a" OR category="b"', "category", "a")).toBe('category="b" AND -category="a"');
  expect(excluded('-category="a"', "category", "a")).toBe('-category="a"');
  // never lost, though it is no filter yet
  expect(narrowed('severity="HI', "category", "a")).toBe('severity="HI AND category="a"');
  expect(narrowed('a="1" OR b="2"', "category", "a")).toBe('a="1" OR b="2" AND category="a"');
});

test("a very long filter is read at once", () => {
  const filter = Array.from({ length: 450 }, (_, index) => `category="${"x".repeat(50)}${index}"`).join(" OR ");
  const began = performance.now();
  expect(parse(filter)).toHaveLength(1);
  expect(performance.now() - began).toBeLessThan(250);
});
