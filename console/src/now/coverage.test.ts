import { expect, test } from "vitest";
import { coverage, lostBy } from "./coverage";

test("what is well, what is lost and how late it is", () => {
  const said = coverage([
    { node: "a", state: "OK", lagSeconds: 0.4, lost: { execs: "0" } },
    { node: "b", state: "LOSING", lagSeconds: 1.5, lost: { execs: "7", connections: "2" } },
    { node: "c", state: "SILENT", lagSeconds: 900 },
    { node: "d", state: "TAMPERED" },
  ]);
  expect(said).toMatchObject({ total: 4, well: 1, lost: 9, lag: 1.5 });
  expect(said.blind.map(({ node }) => node)).toEqual(["d", "c", "b"]);
});

test("an older server says no state: then none is made up", () => {
  const old = { node: "a", counters: { execs: { in: 5, out: 4, lost: 1 }, odd: null } };
  expect(lostBy(old)).toBe(1);
  expect(coverage([old, { node: "b" }])).toMatchObject({ total: 2, well: undefined, lost: 1, lag: undefined });
  expect(coverage([old, { node: "b" }]).blind).toHaveLength(1);
  expect(coverage([])).toMatchObject({ total: 0, well: 0, lost: 0 });
});
