// Where the keyboard leads in a tree of which everything is shown.

export interface Step {
  readonly id: string;
  readonly parent: string | undefined;
  readonly name: string;
}

/** The entry that a key leads to from `current`; `undefined` when the key is none of the tree's. */
export function walk(steps: readonly Step[], current: string, key: string): string | undefined {
  const at = Math.max(
    0,
    steps.findIndex(({ id }) => id === current),
  );
  const step = steps[at];
  switch (key) {
    case "ArrowDown":
      return steps[Math.min(at + 1, steps.length - 1)]?.id;
    case "ArrowUp":
      return steps[Math.max(at - 1, 0)]?.id;
    case "Home":
      return steps[0]?.id;
    case "End":
      return steps.at(-1)?.id;
    case "ArrowLeft":
      return step?.parent ?? step?.id;
    case "ArrowRight":
      return steps.find(({ parent }) => parent !== undefined && parent === step?.id)?.id ?? step?.id;
    default:
      return undefined;
  }
}

/** The next entry whose name begins with what was typed; one letter typed again leads on to the next with it. */
export function typed(steps: readonly Step[], current: string, letters: string): string | undefined {
  const wanted = letters.toLowerCase();
  const at = steps.findIndex(({ id }) => id === current);
  const from = letters.length === 1 ? at + 1 : Math.max(at, 0);
  const turned = [...steps.slice(from), ...steps.slice(0, from)];
  return turned.find(({ name }) => name.slice(0, wanted.length).toLowerCase() === wanted)?.id;
}
