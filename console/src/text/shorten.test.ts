import { expect, test } from "vitest";
import { shorten } from "./shorten";

test("short texts stay, long ones end in an ellipsis, hostile ones are escaped", () => {
  expect(shorten("socat", 10)).toBe("socat");
  expect(shorten("0123456789", 10)).toBe("0123456789");
  expect(shorten("0123456789a", 10)).toBe("012345678…");
  expect(shorten("a\u202eb", 20)).toBe("a\\u{202e}b");
  expect([...shorten("😀".repeat(1_000_000), 10)].length).toBe(10);
  expect(shorten("\ud800".repeat(30), 12)).toBe("\\u{d800}\\u{…");
});
