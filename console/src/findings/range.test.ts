import { expect, test } from "vitest";
import { drawn, fieldOf, momentOf, moments } from "./range";

const now = Date.parse("2026-01-02T03:04:05Z");
const own = { range: "custom", from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" } as const;

test("a range has the ends that its name says", () => {
  expect(moments({ range: "15m", from: "", to: "" }, now)).toEqual({ from: "2026-01-02T02:49:00.000Z" });
  expect(moments({ range: "all", from: "", to: "" }, now)).toEqual({});
  expect(moments(own, now)).toEqual({ from: own.from, to: own.to });
});

test("what is drawn ends with the minute that runs, and begins with the oldest finding when nothing else is said", () => {
  expect(drawn({ range: "1h", from: "", to: "" }, now, undefined)).toEqual([
    Date.parse("2026-01-02T02:04:00Z"),
    Date.parse("2026-01-02T03:05:00Z"),
  ]);
  expect(drawn({ range: "all", from: "", to: "" }, now, undefined)).toBeUndefined();
  expect(drawn({ range: "all", from: "", to: "" }, now, "2025-01-01T00:00:00.5Z")?.[0]).toBe(Date.parse("2025-01-01"));
  expect(drawn({ range: "all", from: "", to: "" }, now, "2027-01-01T00:00:00Z")).toBeUndefined();
  expect(drawn(own, now, undefined)).toEqual([Date.parse(own.from), Date.parse(own.to)]);
});

test("a field's time is UTC there and back", () => {
  expect(fieldOf(own.from)).toBe("2026-01-01T00:00:00");
  expect(momentOf("2026-01-01T00:00")).toBe(own.from);
  expect(momentOf("")).toBe("");
  expect(fieldOf("x")).toBe("");
});
