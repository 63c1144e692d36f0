import { expect, test } from "vitest";
import { barAt, bars, moved, span } from "./bars";

const bucket = (counts: Readonly<Record<string, string>>) => ({
  startTime: "2026-01-01T00:00:00Z",
  endTime: "2026-01-01T00:01:00Z",
  counts,
});

test("the worst stands on the axis and the highest bar fills the height", () => {
  const [low, high, none] = bars([bucket({ LOW: "2", CRITICAL: "1" }), bucket({ HIGH: "6" }), bucket({})]);
  expect(low?.pieces.map(({ severity }) => severity)).toEqual(["CRITICAL", "LOW"]);
  expect(low?.pieces[0]?.top).toBeCloseTo(5 / 6);
  expect(low?.pieces[1]?.top).toBeCloseTo(3 / 6);
  expect(high?.pieces[0]).toEqual({ severity: "HIGH", count: 6, top: 0, height: 1 });
  expect([low?.total, none?.total, none?.pieces.length]).toEqual([3, 0, 0]);
  expect(bars([bucket({ HIGH: "x", LOW: "-1", EVIL: "5" })])[0]?.total).toBe(0);
});

test("a brush is made by mouse in either direction and by keys", () => {
  expect([barAt(-1, 60), barAt(0.5, 60), barAt(1, 60)]).toEqual([0, 30, 59]);
  expect(span(5, 2)).toEqual([2, 5]);
  expect(moved([0, 59], 0, "ArrowRight", 60)).toEqual([1, 59]);
  expect(moved([0, 59], 1, "Home", 60)).toEqual([0, 0]);
  expect(moved([3, 5], 0, "PageUp", 60)).toEqual([5, 5]);
  expect(moved([3, 5], 1, "End", 60)).toEqual([3, 59]);
  expect(moved([3, 5], 1, "a", 60)).toBeUndefined();
});
