import { expect, test } from "vitest";
import { asked, INITIAL, read, write } from "./address";

test("an address says what differs from the beginning, and is read back", () => {
  expect(write(INITIAL)).toBe("");
  const view = { ...INITIAL, filter: 'category:"Shell" AND x', range: "hour" as const, state: "" };
  expect(read(write(view))).toEqual(view);
  expect(read("range=nonsense")).toEqual(INITIAL);
});

test("what is chosen and what is written are asked together", () => {
  const view = { ...INITIAL, filter: 'a="b" OR c="d"', severity: "HIGH", range: "hour" as const };
  expect(asked(view, Date.parse("2026-01-02T03:04:05Z"))).toBe(
    'state = "ACTIVE" AND NOT mute = "MUTED" AND severity = "HIGH" AND event_time >= "2026-01-02T02:04:00.000Z" AND (a="b" OR c="d")',
  );
  expect(asked({ ...INITIAL, state: "", mute: "", range: "all" }, 0)).toBe("");
});
