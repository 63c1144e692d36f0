// What makes a password of an archive strong enough: it may be attacked without a server in between, for as long as somebody likes.

export const SHORTEST = 12;
/** What common programs take. */
const LONGEST = 99;

export type Weakness = "short" | "long" | "simple" | "signs" | "differs";

/** What is wrong with it, the first thing to be mended first. */
export function weakness(password: string, again: string): Weakness | undefined {
  const characters = [...password];
  // each program that opens archives writes other signs in bytes of its own
  if (!/^[ -~]*$/.test(password)) {
    return "signs";
  }
  if (characters.length < SHORTEST) {
    return "short";
  }
  if (characters.length > LONGEST) {
    return "long";
  }
  if (new Set(characters).size < 6) {
    return "simple";
  }
  return password === again ? undefined : "differs";
}

/** 128 bits in letters that are told apart when read aloud. */
export function made(): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const limit = 256 - (256 % letters.length);
  const chosen: string[] = [];
  while (chosen.length < 26) {
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      if (byte < limit && chosen.length < 26) {
        chosen.push(letters[byte % letters.length] ?? "");
      }
    }
  }
  return chosen.join("").replace(/(.{5})(?=.)/g, "$1-");
}
