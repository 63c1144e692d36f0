import { expect, test } from "vitest";
import { lostOf } from "../api/sensors";
import { coverageOf, matching, sorted } from "./coverage";

const sensors = [
  { cluster: "prod", node: "n10", state: "OK", lagSeconds: 0.4, lost: { execs: "0" }, kernel: "6.1" },
  { cluster: "prod", node: "n9", state: "OK", lagSeconds: 2, counters: { execs: { in: 9, out: 9, lost: 0 } } },
  { cluster: "prod", node: "n2", state: "LOSING", counters: { execs: { lost: 3 }, sockets: { lost: 4 } } },
  { cluster: "dev", node: "n1", state: "TAMPERED", problems: [{ problem: "probes were removed" }] },
  { cluster: "dev", node: "n2", state: "SOMETHING NEW" },
];

test("blind spots are counted, and what nobody says is not made up", () => {
  expect(coverageOf(sensors)).toEqual({
    total: 5,
    byState: { OK: 2, LOSING: 1, SILENT: 0, TAMPERED: 1, UNKNOWN: 1 },
    lost: 7,
    lag: 2,
  });
  expect(coverageOf([{ node: "n" }])).toMatchObject({ lost: undefined, lag: undefined });
  expect(lostOf({})).toBeUndefined();
});

test("blind spots come first, and numbers in names count", () => {
  expect(sorted(sensors).map(({ cluster, node }) => `${cluster}/${node}`)).toEqual([
    "dev/n1",
    "prod/n2",
    "dev/n2",
    "prod/n9",
    "prod/n10",
  ]);
});

test("every word must be somewhere", () => {
  const nodes = (words: string) => matching(sensors, words, (state) => (state === "TAMPERED" ? "Manipuliert" : "")).map(({ node }) => node);
  expect(nodes("")).toHaveLength(5);
  expect(nodes("prod  N9")).toEqual(["n9"]);
  expect(nodes("removed")).toEqual(["n1"]);
  expect(nodes("manipuliert")).toEqual(["n1"]);
  expect(nodes("6.1 dev")).toEqual([]);
});
