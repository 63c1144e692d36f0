import { expect, test } from "vitest";
import { before, leave, saw } from "./visit";

function storage() {
  const held = new Map<string, string>();
  return { getItem: (key: string) => held.get(key) ?? null, setItem: (key: string, value: string) => void held.set(key, value) };
}

test("a visit is since the one before, as long as it lasts", () => {
  const browser = storage();
  const first = storage();
  expect(before(browser, first)).toBeUndefined();
  leave(browser, 1_000);
  expect(before(browser, first)).toBeUndefined();
  const second = storage();
  expect(before(browser, second)).toBe("1970-01-01T00:00:01.000Z");
  leave(browser, 5_000);
  expect(before(browser, second)).toBe("1970-01-01T00:00:01.000Z");
  expect(saw(browser, second, 9_000)).toBe("1970-01-01T00:00:09.000Z");
  expect(before(browser, second)).toBe("1970-01-01T00:00:09.000Z");
  browser.setItem("vedette.visit", "nonsense");
  expect(before(browser, storage())).toBeUndefined();
});
