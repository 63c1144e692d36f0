import { expect, test } from "vitest";
import { made, weakness } from "./password";

test("a password is long enough, varied, written twice, and can be typed", () => {
  expect(weakness("short", "short")).toBe("short");
  expect(weakness("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa")).toBe("simple");
  expect(weakness("correct horse\u0000 battery", "")).toBe("signs");
  expect(weakness("cheval correct, été", "")).toBe("signs");
  expect(weakness("abcdefghij".repeat(10), "")).toBe("long");
  expect(weakness("correct horse battery", "correct horse")).toBe("differs");
  expect(weakness("correct horse battery", "correct horse battery")).toBeUndefined();
});

test("a password that is made is strong and never the same", () => {
  const first = made();
  expect(weakness(first, first)).toBeUndefined();
  expect(made()).not.toBe(first);
  expect(first).toMatch(/^([a-z2-9]{5}-){5}[a-z2-9]$/);
});
