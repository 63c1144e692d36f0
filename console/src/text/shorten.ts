import { inert } from "./inert";

/** At most `most` characters of a text, with its escapes; an ellipsis says that it goes on. */
export function shorten(text: string, most: number): string {
  // an escape is up to ten characters long, a character up to two units
  const shown = [...inert(text.slice(0, 2 * most + 2))];
  return shown.length > most || text.length > 2 * most + 2 ? `${shown.slice(0, most - 1).join("")}…` : shown.join("");
}
