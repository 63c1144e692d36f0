/** Whether a catalogue has a message for a word that came from outside: never one of JavaScript's own properties. */
export function isKnown<Catalogue extends object>(catalogue: Catalogue, word: string | undefined): word is keyof Catalogue & string {
  return word !== undefined && Object.hasOwn(catalogue, word);
}
