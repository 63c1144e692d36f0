import { expect, test } from "vitest";
import { asked, INITIAL, orderBy, read, write, type View } from "./address";

test("an address says what differs from the beginning, and is read back", () => {
  expect(write(INITIAL)).toBe("");
  expect(read("")).toEqual(INITIAL);
  const view: View = {
    filter: 'category:"Shell" AND x="&=%"',
    state: "",
    mute: "MUTED",
    range: "custom",
    from: "2026-01-02T03:04:00.000Z",
    to: "2026-01-02T04:04:00.000Z",
    sort: { field: "severity", isDescending: false },
    columns: ["severity", "pod", "marks"],
    density: "compact",
  };
  expect(read(write(view))).toEqual(view);
  expect(read(write({ ...INITIAL, columns: [] })).columns).toEqual([]);
});

test("nonsense in an address is as if it were not there", () => {
  const said = "range=nonsense&sort=-colour&columns=pod,evil,severity&density=x&from=1&to=0";
  expect(read(said)).toEqual({ ...INITIAL, columns: ["severity", "pod"] });
  expect(read("range=custom&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z")).toEqual(INITIAL);
  expect(read('range=custom&from=2026-01-01" OR x&to=2026-01-02').range).toBe("7d");
});

test("what is chosen and what is written are asked together", () => {
  const now = Date.parse("2026-01-02T03:04:05Z");
  expect(asked({ ...INITIAL, filter: ' a="b" OR c="d" ', range: "1h" }, now)).toBe(
    'state = "ACTIVE" AND NOT mute = "MUTED" AND event_time >= "2026-01-02T02:04:00.000Z" AND (a="b" OR c="d")',
  );
  expect(asked({ ...INITIAL, state: "", mute: "", range: "all" }, 0)).toBe("");
  const own = { from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" };
  expect(asked({ ...INITIAL, state: "", mute: "", range: "custom", ...own }, now)).toBe(
    'event_time >= "2026-01-01T00:00:00.000Z" AND event_time < "2026-01-02T00:00:00.000Z"',
  );
  expect(orderBy({ field: "severity", isDescending: false })).toBe("severity");
});
