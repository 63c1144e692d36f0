import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Finding, FindingResult } from "../../api/finding";
import { clock, lanesOf, spanOf, ticks } from "./lanes";
import { BOX, layout } from "./layout";
import { PEER, storyOf } from "./model";
import { typed, walk } from "./walk";

const snapshot = JSON.parse(readFileSync("../crates/findings/tests/snapshots/pod.json", "utf8")) as FindingResult;

function story(processes: readonly object[], rest: object = {}) {
  const finding = { vedette: { story: { processes, ...rest } } } as Finding;
  return storyOf({ finding }, []);
}

function overlap(boxes: ReturnType<typeof layout>["boxes"]): boolean {
  return boxes.some((a, index) =>
    boxes
      .slice(index + 1)
      .some((b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height),
  );
}

test("a finding without a story is told by its processes and the shell's descriptors", () => {
  const found = storyOf({ finding: { ...snapshot.finding, vedette: { ...snapshot.finding.vedette, story: {} } } }, []);
  expect(found.isReduced).toBe(true);
  expect(found.processes.map(({ name, depth, role }) => [name, depth, role])).toEqual([
    ["socat", 0, "OPENER"],
    ["sh", 1, "SHELL"],
  ]);
  expect(found.channels).toEqual([
    { from: "p0", to: "p1", channel: "UNIX_SOCKET", flows: ["INPUT", "OUTPUT"] },
    { from: "p1", to: PEER, channel: "INTERNET_SOCKET", flows: [] },
  ]);
  expect(found.peer?.address).toBe("203.0.113.7:4444");
  expect(found.events.map(({ lane }) => lane)).toEqual(["EXEC", "FINDING", "EVIDENCE"]);
});

test("a finding's own story is drawn with its routes", () => {
  const found = story(
    [
      { pid: "12", parentPid: "11", role: "SHELL", name: "sh" },
      { pid: "11", parentPid: "1", role: "OPENER", name: "socat" },
    ],
    {
      routes: [
        { flow: "INPUT", hops: [{ fromPid: "12", toPid: "11", channel: "PTY" }], endpoint: { pid: "11", peer: "203.0.113.7:1" } },
        { flow: "OUTPUT", hops: [{ fromPid: "11", toPid: "12", channel: "PTY" }], endpoint: { pid: "11", peer: "203.0.113.7:1" } },
        { flow: "OUTPUT", hops: [{ fromPid: "11", toPid: "99", channel: "PIPE" }] },
      ],
      events: [
        { time: "2026-01-02T02:04:17Z", kind: "CONNECTION", pid: "11", text: "connected" },
        { time: "2026-01-02T02:04:16Z", kind: "EXEC", pid: "12", text: "sh" },
        { time: "nonsense", kind: "EXEC", pid: "12", text: "?" },
      ],
    },
  );
  expect(found.channels).toEqual([
    { from: "p0", to: "p1", channel: "PTY", flows: ["INPUT", "OUTPUT"] },
    { from: "p1", to: PEER, channel: "INTERNET_SOCKET", flows: ["INPUT", "OUTPUT"] },
  ]);
  expect(found.events.map(({ lane, process }) => [lane, process])).toEqual([
    ["EXEC", "p0"],
    ["CONNECTION", "p1"],
  ]);
  const picture = layout(found);
  expect(picture.boxes.map(({ id }) => id)).toEqual(["p1", "p0", PEER]);
  expect(picture.channels.length).toBe(2);
  expect(overlap(picture.boxes)).toBe(false);
});

test("circles, missing parents, a process that is its own parent and equal numbers end in a tree", () => {
  const found = story([
    { pid: "1", parentPid: "3", name: "a" },
    { pid: "2", parentPid: "1", name: "b" },
    { pid: "3", parentPid: "2", name: "c" },
    { pid: "4", parentPid: "4", name: "d" },
    { pid: "5", parentPid: "77", name: "e" },
    { pid: "1", parentPid: "5", name: "f" },
    { name: "g" },
  ]);
  expect(found.processes.length).toBe(7);
  expect(new Set(found.processes.map(({ id }) => id)).size).toBe(7);
  const seen = new Set<string>();
  for (const { id, parent } of found.processes) {
    expect(parent === undefined || seen.has(parent)).toBe(true);
    seen.add(id);
  }
  expect(layout(found).boxes.length).toBe(7);
});

test("24 processes, one below the other, stay in a picture", () => {
  const found = story(Array.from({ length: 24 }, (_, pid) => ({ pid: String(pid + 1), parentPid: String(pid), name: `p${pid}` })));
  const picture = layout(found);
  expect(picture.boxes.length).toBe(24);
  expect(picture.width).toBeLessThan(BOX.width * 3);
  expect(overlap(picture.boxes)).toBe(false);
});

test("more processes than make a picture are counted", () => {
  const found = story(Array.from({ length: 5_000 }, (_, pid) => ({ pid: String(pid), parentPid: "0" })));
  expect(found.left).toBe(4_800);
});

test("names of a megabyte and lists that are none do no harm", () => {
  const found = story([{ pid: "1", name: "\u202e".repeat(500_000) }], { routes: "x", events: [null, 3] });
  expect(layout(found).boxes.length).toBe(1);
  expect(story([null, 7, { pid: 3 }] as unknown as object[]).processes.length).toBe(1);
});

test("events of one lane that would cover each other stand in rows", () => {
  const events = [0, 10, 20, 5_000].map((at, index) => ({
    id: `e${index}`,
    lane: "EXEC" as const,
    at,
    time: "",
    process: undefined,
    text: "",
    finding: undefined,
    severity: undefined,
  }));
  const [lane] = lanesOf(events, { from: 0, to: 10_000 }, 0.02);
  expect(lane?.marks.map(({ row }) => row)).toEqual([0, 1, 2, 0]);
  expect(lane?.rows).toBe(3);
});

test("an axis has room, round times, and is never too short", () => {
  expect(spanOf([])).toBeUndefined();
  expect(spanOf([1_000])).toEqual({ from: 0, to: 2_000 });
  const span = spanOf([0, 100_000]) ?? { from: 0, to: 0 };
  expect(ticks(span, 6)).toEqual([0, 30_000, 60_000, 90_000]);
  expect(clock(30_000, span)).toBe("00:00:30");
  expect(ticks({ from: 0, to: 1e13 }, 6).length).toBeLessThanOrEqual(7);
});

test("the keyboard leads through the tree", () => {
  const steps = [
    { id: "a", parent: undefined, name: "systemd" },
    { id: "b", parent: "a", name: "socat" },
    { id: "c", parent: "b", name: "sh" },
  ];
  expect(walk(steps, "a", "ArrowDown")).toBe("b");
  expect(walk(steps, "a", "ArrowUp")).toBe("a");
  expect(walk(steps, "c", "ArrowLeft")).toBe("b");
  expect(walk(steps, "c", "ArrowRight")).toBe("c");
  expect(walk(steps, "a", "End")).toBe("c");
  expect(walk(steps, "a", "x")).toBeUndefined();
  expect(walk([], "a", "End")).toBeUndefined();
  expect(typed(steps, "a", "s")).toBe("b");
  expect(typed(steps, "b", "s")).toBe("c");
  expect(typed(steps, "c", "so")).toBe("b");
  expect(typed(steps, "c", "x")).toBeUndefined();
});
