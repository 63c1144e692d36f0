// Where a value stands in a document, as jq and as JSONPath write it.

import { UNSAFE } from "../../text/inert";

export type Key = string | number;
export type Path = readonly Key[];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** JSON in which nothing acts on a terminal or an eye: the same content, with escapes for what could. */
export function jsonText(value: unknown, indent?: number): string {
  const written = JSON.stringify(value, undefined, indent) ?? "null";
  return written.replace(UNSAFE, (character) =>
    character === "\n"
      ? character
      : [...character]
          .flatMap((one) => Array.from({ length: one.length }, (_, at) => one.charCodeAt(at)))
          .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
          .join(""),
  );
}

/** `.finding.processes[0].args[1]`, with quotes where a key is no plain word. */
export function jq(path: Path): string {
  const said = path
    .map((key, at) =>
      typeof key === "number" ? `[${key}]` : NAME.test(key) ? `.${key}` : at === 0 ? `.[${jsonText(key)}]` : `[${jsonText(key)}]`,
    )
    .join("");
  return said === "" ? "." : said.startsWith("[") ? `.${said}` : said;
}

/** `$.finding.processes[0].args[1]` as RFC 9535 has it. */
export function jsonPath(path: Path): string {
  const said = path.map((key) => (typeof key === "number" ? `[${key}]` : NAME.test(key) ? `.${key}` : `[${jsonText(key)}]`));
  return `$${said.join("")}`;
}
