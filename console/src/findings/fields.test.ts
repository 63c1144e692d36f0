import { expect, test } from "vitest";
import { errorAt, placeAt } from "./fields";

test("a field is completed where a field stands, a value behind its comparison", () => {
  expect(placeAt("sev", 3)).toEqual({ field: "", from: 0, isQuoted: false });
  expect(placeAt('severity = "HI', 14)).toEqual({ field: "severity", from: 11, isQuoted: true });
  expect(placeAt("severity=", 9)).toEqual({ field: "severity", from: 9, isQuoted: false });
  expect(placeAt('a="b" AND ca', 12)).toEqual({ field: "", from: 10, isQuoted: false });
  expect(placeAt("", 0)).toEqual({ field: "", from: 0, isQuoted: false });
});

test("an error is shown where the reader wrote it", () => {
  expect(errorAt("filter: character 30: expected a value, found the end", 20)).toBe(9);
  expect(errorAt("filter: character 3: expected a value", 20)).toBe(0);
  expect(errorAt("it took too long", 20)).toBeUndefined();
});
