// Hostile text, made visible: everything that could act on a terminal, a browser or a reader's eye becomes an escape.

export interface Run {
  readonly text: string;
  readonly isEscape: boolean;
}

// Controls, format characters (bidirectional overrides, zero widths, tags), separators other than the space, unpaired
// surrogates, private use and what is not assigned.
export const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\u115f\u1160\u3164\uffa0\u2800]/gu;

/** Most texts are: they need no look at each character. */
const PRINTABLE = /^[ -~]*$/;

const NAMED: ReadonlyMap<string, string> = new Map([
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
]);

function escape(character: string): string {
  const named = NAMED.get(character);
  if (named !== undefined) {
    return named;
  }
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

/** The text in pieces: as it is, and escaped. */
export function runs(text: string): Run[] {
  if (PRINTABLE.test(text)) {
    return text === "" ? [] : [{ text, isEscape: false }];
  }
  const found: Run[] = [];
  let plain = 0;
  for (const match of text.matchAll(UNSAFE)) {
    if (match.index > plain) {
      found.push({ text: text.slice(plain, match.index), isEscape: false });
    }
    const escaped = escape(match[0]);
    const last = found.at(-1);
    if (last?.isEscape) {
      found[found.length - 1] = { text: last.text + escaped, isEscape: true };
    } else {
      found.push({ text: escaped, isEscape: true });
    }
    plain = match.index + match[0].length;
  }
  if (plain < text.length) {
    found.push({ text: text.slice(plain), isEscape: false });
  }
  return found;
}

/** The text with escapes, for attributes and titles. */
export function inert(text: string): string {
  return runs(text)
    .map((run) => run.text)
    .join("");
}
