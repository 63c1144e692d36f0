/** A text as a value of the filter language: there only quotes and backslashes have a meaning. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
