import { afterEach, expect, test, vi } from "vitest";
import { activeBindings, addLayer, bound, nextOrder, type Bindings } from "./keys";

const undo: (() => void)[] = [];
afterEach(() => undo.splice(0).forEach((remove) => remove()));

function bind(order: number, bindings: Bindings): void {
  undo.push(addLayer({ order, bindings: () => bindings }));
}

function press(key: string, more: object = {}) {
  const none = { ctrlKey: false, metaKey: false, altKey: false, isComposing: false, defaultPrevented: false };
  return { key, target: document.body, ...none, ...more };
}

function element(html: string): Element {
  const holder = document.createElement("div");
  holder.innerHTML = html;
  return holder.querySelector("[data-x]") ?? holder;
}

test("the deepest caller has the key, whatever was mounted first", () => {
  const [outer, inner] = [nextOrder(), nextOrder()];
  const [above, below] = [vi.fn(), vi.fn()];
  bind(inner, { j: below });
  bind(outer, { j: above, k: above });
  expect(bound(press("j"), false, 0)).toBe(below);
  expect(bound(press("k"), false, 0)).toBe(above);
  expect([...activeBindings().keys()]).toEqual(["j", "k"]);
});

test("a sequence takes two keys within a moment", () => {
  const [now, next] = [vi.fn(), vi.fn()];
  bind(nextOrder(), { "g n": now, n: next });
  expect(bound(press("g"), false, 1_000)).toBe("begun");
  expect(bound(press("n"), false, 1_500)).toBe(now);
  expect(bound(press("n"), false, 1_600)).toBe(next);
  expect(bound(press("g"), false, 5_000)).toBe("begun");
  expect(bound(press("n"), false, 9_000)).toBe(next);
  expect(bound(press("x"), false, 9_000)).toBeUndefined();
});

test("who writes, chooses or is asked is left alone", () => {
  const act = vi.fn();
  bind(nextOrder(), { m: act, Enter: act, "Ctrl-K": act });
  for (const html of [
    "<input data-x>",
    "<textarea data-x></textarea>",
    "<div class='cm-editor'><div data-x></div></div>",
    "<div contenteditable='true'><b data-x></b></div>",
  ]) {
    expect(bound(press("m", { target: element(html) }), false, 0)).toBeUndefined();
  }
  expect(bound(press("Enter", { target: element("<button data-x></button>") }), false, 0)).toBeUndefined();
  expect(bound(press("Enter"), false, 0)).toBe(act);
  expect(bound(press("m", { altKey: true }), false, 0)).toBeUndefined();
  expect(bound(press("m", { ctrlKey: true }), false, 0)).toBeUndefined();
  expect(bound(press("m", { defaultPrevented: true }), false, 0)).toBeUndefined();
  expect(bound(press("m"), true, 0)).toBeUndefined();
  expect(bound(press("k", { ctrlKey: true, target: element("<input data-x>") }), false, 0)).toBe(act);
});
