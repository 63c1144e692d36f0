import { expect, test } from "vitest";
import { forEach } from "./many";

const later = () => new Promise((resolve) => setTimeout(resolve, 1));

test("one that fails keeps none of the others from being done, and is named", async () => {
  const seen: number[] = [];
  let [now, most] = [0, 0];
  const items = Array.from({ length: 50 }, (_, index) => index);
  const outcome = await forEach(
    items,
    async (item) => {
      now += 1;
      most = Math.max(most, now);
      await later();
      now -= 1;
      if (item % 10 === 3) {
        throw new Error(`no ${item}`);
      }
    },
    new AbortController().signal,
    (finished) => seen.push(finished),
  );
  expect(outcome.done).toHaveLength(45);
  expect(outcome.failed.map(({ item, message }) => [item, message])).toContainEqual([13, "no 13"]);
  expect(outcome.left).toEqual([]);
  expect(seen.at(-1)).toBe(50);
  expect(most).toBeLessThanOrEqual(6);
});

test("what was stopped says what it left", async () => {
  const stop = new AbortController();
  const items = Array.from({ length: 50 }, (_, index) => index);
  const outcome = await forEach(items, later, stop.signal, (finished) => finished === 12 && stop.abort());
  expect(outcome.done.length + outcome.left.length).toBe(50);
  expect(outcome.left.length).toBeGreaterThan(25);
});
