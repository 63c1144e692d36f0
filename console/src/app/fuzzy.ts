// What somebody means who types a few letters.

/** How well letters fit a text, in their order: more is better, and undefined is not at all. */
export function fits(letters: string, text: string): number | undefined {
  const wanted = letters.toLowerCase().replaceAll(/\s+/g, "");
  const within = text.toLowerCase();
  let score = 0;
  let at = 0;
  let last = -2;
  for (const letter of wanted) {
    const found = within.indexOf(letter, at);
    if (found < 0) {
      return undefined;
    }
    const before = within[found - 1];
    const isStart = before === undefined || /[^\p{L}\p{N}]/u.test(before);
    score += found === last + 1 ? 8 : isStart ? 6 : 1 - Math.min(found - at, 20) / 20;
    last = found;
    at = found + letter.length;
  }
  return score - within.length / 1_000;
}

/** Those that fit, the best first. */
export function ranked<T>(letters: string, items: readonly T[], textOf: (item: T) => string): T[] {
  return items
    .flatMap((item, index) => {
      const score = fits(letters, textOf(item));
      return score === undefined ? [] : [{ item, index, score: letters.trim() === "" ? 0 : score }];
    })
    .toSorted((one, other) => other.score - one.score || one.index - other.index)
    .map(({ item }) => item);
}
