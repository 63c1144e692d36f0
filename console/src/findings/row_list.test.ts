import { expect, test } from "vitest";
import { rowOf, type Page, type Row } from "../api/list";
import { RowList, SHOWN_MAX } from "./row_list";

const row = (id: number): Row =>
  rowOf({ finding: { name: `f${id}`, eventTime: new Date(1_700_000_000_000 + id * 1_000).toISOString() } });
const page = (ids: readonly number[], next: string, total: number, isLeast = false): Page => ({
  rows: ids.map(row),
  next,
  total,
  isLeast,
});
const names = (list: RowList) => Array.from({ length: list.length }, (_, index) => list.at(index)?.name);

test("pages become rows once, and places are kept for those to come", () => {
  const list = new RowList();
  const first = page([5, 4], "a", 6);
  list.take([first]);
  list.take([first]);
  expect(names(list)).toEqual(["f5", "f4"]);
  expect(list.places).toBe(6);
  expect(list.at(4)).toBeUndefined();
  const second = page([4, 3], "", 6);
  list.take([first, second]);
  expect(names(list)).toEqual(["f5", "f4", "f3"]);
  expect(list.places).toBe(3);
  expect(list.isOf([first, second])).toBe(true);
  expect(list.isOf([first])).toBe(false);
  expect(list.isOf([page([1], "", 1), second])).toBe(false);
});

test("what arrives stands on top, and is not there again when its page is read", () => {
  const list = new RowList();
  const first = page([5, 4], "a", 6);
  list.take([first]);
  expect(list.arrive([row(6), row(1), row(5), row(7)])).toBe(3);
  expect(names(list)).toEqual(["f7", "f6", "f1", "f5", "f4"]);
  expect([list.isArrived(2), list.isArrived(3)]).toEqual([true, false]);
  list.take([first, page([3, 2, 1], "", 6)]);
  expect(names(list)).toEqual(["f7", "f6", "f1", "f5", "f4", "f3", "f2"]);
});

test("a least number leaves room, and the list is never higher than a browser allows", () => {
  const list = new RowList();
  list.take([page([1], "a", 1, true)]);
  expect([list.isLeast, list.places]).toEqual([true, 201]);
  const large = new RowList();
  large.take([page([1], "a", 2_000_000)]);
  expect([large.total, large.places]).toEqual([2_000_000, SHOWN_MAX]);
});

test("what the reader changed is seen where the row stands", () => {
  const list = new RowList();
  list.take([page([1], "", 1)]);
  list.change("f1", { mute: "MUTED" });
  expect(list.at(0)?.mute).toBe("MUTED");
});
