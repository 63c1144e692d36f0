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
  const written = 'category="😀" AND x';
  const asked = `state = "ACTIVE" AND (${written})`;
  const at = [...asked].indexOf("x") + 1;
  expect(errorAt(`filter: character ${at}: expected a field, found x`, asked, written)).toEqual({
    at: written.indexOf("x"),
    message: "expected a field, found x",
  });
  expect(errorAt("filter: character 3: expected a value", asked, written)?.at).toBe(0);
  expect(errorAt("filter: character 300: expected a value", asked, written)?.at).toBe(written.length);
  expect(errorAt("it took too long", asked, written)).toBeUndefined();
  expect(errorAt("filter: character 3: expected a value", asked, "")).toBeUndefined();
});
