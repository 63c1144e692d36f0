import { fireEvent, render } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { useKeys } from "./use_keys";

function Page({ run }: { readonly run: () => void }) {
  useKeys({ m: run });
  return (
    <>
      <button type="button">b</button>
      <input aria-label="i" />
      <div contentEditable suppressContentEditableWarning data-testid="editor" />
    </>
  );
}

test("a key of the page acts, but not while somebody writes or holds a modifier", () => {
  const run = vi.fn();
  const { getByRole, getByTestId, unmount } = render(<Page run={run} />);
  fireEvent.keyDown(getByRole("button"), { key: "m" });
  expect(run).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(getByRole("textbox"), { key: "m" });
  fireEvent.keyDown(getByTestId("editor"), { key: "m" });
  fireEvent.keyDown(document.body, { key: "m", ctrlKey: true });
  fireEvent.keyDown(document.body, { key: "constructor" });
  expect(run).toHaveBeenCalledTimes(1);
  // in an editor with a tree of its own, the document sees only where that stands
  const shadow = getByTestId("editor").parentElement?.appendChild(document.createElement("div")).attachShadow({ mode: "open" });
  const inner = shadow?.appendChild(document.createElement("input"));
  inner?.dispatchEvent(new KeyboardEvent("keydown", { key: "m", bubbles: true, composed: true }));
  expect(inner).toBeDefined();
  expect(run).toHaveBeenCalledTimes(1);
  unmount();
  fireEvent.keyDown(document.body, { key: "m" });
  expect(run).toHaveBeenCalledTimes(1);
});
