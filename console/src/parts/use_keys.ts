import { useEffect, useRef } from "react";

const TYPED_INTO = "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], .cm-editor, [role=dialog]";

/** Keys of a page, while nobody writes and no dialog is open. Keys with modifiers are the browser's; Shift makes another character. */
export function useKeys(bindings: Readonly<Record<string, () => void>>): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
        return;
      }
      const isElsewhere =
        (event.target instanceof Element && event.target.closest(TYPED_INTO) !== null) ||
        document.querySelector("[role=dialog][aria-modal=true]") !== null;
      const run = isElsewhere || !Object.hasOwn(latest.current, event.key) ? undefined : latest.current[event.key];
      if (run !== undefined) {
        event.preventDefault();
        run();
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
