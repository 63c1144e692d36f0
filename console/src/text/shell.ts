// Words of a POSIX shell, quoted as the server quotes them.

const PLAIN = /^[A-Za-z0-9/._\-:@%+=,]+$/;
const PRINTABLE = /^[ -~]*$/;

/**
 * A word as a shell reads it. What is not printable ASCII is written in the `$'…'` form, so that nothing happens before
 * Enter is pressed. An unpaired surrogate, which no argument can hold, becomes U+FFFD.
 */
export function quote(word: string): string {
  if (PLAIN.test(word)) {
    return word;
  }
  if (PRINTABLE.test(word)) {
    return `'${word.replaceAll("'", `'\\''`)}'`;
  }
  let quoted = "$'";
  for (const byte of new TextEncoder().encode(word)) {
    const character = String.fromCharCode(byte);
    if (character === "'" || character === "\\") {
      quoted += `\\${character}`;
    } else {
      quoted += byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
    }
  }
  return `${quoted}'`;
}

export function command(...words: string[]): string {
  return words.map(quote).join(" ");
}
