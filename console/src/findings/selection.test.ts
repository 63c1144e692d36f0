import { expect, test } from "vitest";
import { count, EVERYTHING, filterOf, isSelected, NOTHING, selected, toggled } from "./selection";

test("rows are taken in and out", () => {
  const some = selected(toggled(NOTHING, "a"), ["b", "c"], true);
  expect(["a", "b", "c", "d"].map((name) => isSelected(some, name))).toEqual([true, true, true, false]);
  expect(count(toggled(some, "b"), 100)).toBe(2);
  expect(count(NOTHING, 100)).toBe(0);
});

test("everything that matches can have exceptions", () => {
  const most = toggled(toggled(EVERYTHING, "a"), "b");
  expect(isSelected(most, "a")).toBe(false);
  expect(isSelected(most, "never shown")).toBe(true);
  expect(count(most, 1_000)).toBe(998);
  expect(count(toggled(most, "a"), 1_000)).toBe(999);
  if (most.kind === "all") {
    expect(filterOf(most, 'x="1"')).toBe('x="1" AND NOT name = "a" AND NOT name = "b"');
    expect(filterOf({ kind: "all", except: new Set() }, "")).toBe("");
  }
});
