// A filter as terms joined by AND: those that compare one field are shown as chips and changed by clicks, everything else
// stays the text that the reader wrote.

import { quoted } from "../text/quoted";

export interface Comparison {
  readonly kind: "comparison";
  readonly field: string;
  readonly operator: Operator;
  /** One value, or several of which any will do. */
  readonly values: readonly Value[];
  readonly isNegated: boolean;
  readonly text: string;
}

/** More than a comparison: a group, a function, alternatives of different fields, or something that is no filter yet. */
export interface Advanced {
  readonly kind: "advanced";
  readonly text: string;
}

export type Term = Comparison | Advanced;
export type Operator = "=" | ":" | "<" | "<=" | ">" | ">=";

export interface Value {
  readonly value: string;
  /** Numbers, true, false and `*` are another value in quotes than without. */
  readonly isQuoted: boolean;
}

interface Token {
  readonly kind: "word" | "quoted" | "operator" | "open" | "close" | "comma" | "minus" | "star";
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const SINGLE: Readonly<Record<string, Token["kind"]>> = { "(": "open", ")": "close", ",": "comma", "*": "star" };
const WORD = /^[\p{Alphabetic}\p{N}_./@%-]+/u;
const SPACE = /^\s+/u;
const OPERATOR = /^(?:<=|>=|[=:<>])/;
const QUOTED = /^(?:"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*')/;

/** The tokens of a filter as the server reads them; undefined when there is none at some place. */
function tokens(text: string): readonly Token[] | undefined {
  const found: Token[] = [];
  let at = SPACE.exec(text)?.[0].length ?? 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const first = rest.charAt(0);
    const isMinus = first === "-" && !/^-[0-9]/.test(rest);
    const [kind, taken]: readonly [Token["kind"] | undefined, string | undefined] =
      SINGLE[first] !== undefined
        ? [SINGLE[first], first]
        : isMinus
          ? ["minus", first]
          : first === '"' || first === "'"
            ? ["quoted", QUOTED.exec(rest)?.[0]]
            : OPERATOR.test(rest)
              ? ["operator", OPERATOR.exec(rest)?.[0]]
              : ["word", WORD.exec(rest)?.[0]];
    if (kind === undefined || taken === undefined) {
      return undefined;
    }
    found.push({ kind, text: taken, from: at, to: at + taken.length });
    at += taken.length;
    at += SPACE.exec(text.slice(at))?.[0].length ?? 0;
  }
  return found;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.text === word;
}

/** Pieces between one keyword outside of parentheses; undefined when parentheses do not fit or a piece is missing. */
function split(all: readonly Token[], keyword: string): readonly (readonly Token[])[] | undefined {
  const pieces: Token[][] = [[]];
  let depth = 0;
  for (const token of all) {
    depth += token.kind === "open" ? 1 : token.kind === "close" ? -1 : 0;
    if (depth < 0) {
      return undefined;
    }
    if (depth === 0 && isWord(token, keyword)) {
      pieces.push([]);
    } else {
      pieces.at(-1)?.push(token);
    }
  }
  return depth !== 0 || pieces.some((piece) => piece.length === 0) ? undefined : pieces;
}

function unquoted(text: string): string {
  return text
    .slice(1, -1)
    .replace(/\\([^])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped === "t" ? "\t" : escaped));
}

type Bare = Omit<Comparison, "text" | "kind">;

function comparison(piece: readonly Token[]): Bare | undefined {
  const isNegated = piece[0]?.kind === "minus" || isWord(piece[0], "NOT");
  const [field, operator, value, ...more] = isNegated ? piece.slice(1) : piece;
  if (
    field?.kind !== "word" ||
    /^(?:NOT|AND|OR|-.*)$/.test(field.text) ||
    operator?.kind !== "operator" ||
    value === undefined ||
    !["word", "quoted", "star"].includes(value.kind) ||
    more.length > 0
  ) {
    return undefined;
  }
  const isQuoted = value.kind === "quoted";
  return {
    field: field.text,
    operator: operator.text as Operator,
    values: [{ value: isQuoted ? unquoted(value.text) : value.text, isQuoted }],
    isNegated,
  };
}

/** Alternatives of one field are one comparison with several values. */
function alternatives(piece: readonly Token[]): Bare | undefined {
  const parts = split(piece, "OR")?.map(comparison);
  const first = parts?.[0];
  if (parts === undefined || first === undefined) {
    return undefined;
  }
  const values: Value[] = [];
  for (const part of parts) {
    const isAlike = part?.field === first.field && part.operator === first.operator;
    if (!isAlike || part === undefined || (parts.length > 1 && (part.isNegated || part.operator !== "="))) {
      return undefined;
    }
    values.push(...part.values);
  }
  return { ...first, values };
}

/** What a filter consists of. The terms' texts are the reader's own, in their order. */
export function parse(filter: string): readonly Term[] {
  const text = filter.trim();
  if (text === "") {
    return [];
  }
  const all = tokens(text);
  const pieces = all === undefined ? undefined : split(all, "AND");
  if (pieces === undefined) {
    return [{ kind: "advanced", text }];
  }
  return pieces.map((piece) => {
    const own = text.slice(piece[0]?.from ?? 0, piece.at(-1)?.to ?? 0);
    const found = alternatives(piece);
    return found === undefined ? { kind: "advanced", text: own } : { kind: "comparison", ...found, text: own };
  });
}

function written({ field, operator, values, isNegated }: Bare): string {
  const of = ({ value, isQuoted }: Value) => `${field}${operator}${isQuoted ? quoted(value) : value}`;
  return `${isNegated ? "-" : ""}${values.map(of).join(" OR ")}`;
}

export function print(terms: readonly Term[]): string {
  return terms.map((term) => term.text).join(" AND ");
}

function made(bare: Bare): Comparison {
  return { kind: "comparison", ...bare, text: written(bare) };
}

export function without(filter: string, at: number): string {
  return print(parse(filter).filter((_, index) => index !== at));
}

function is(term: Term, field: string, isNegated: boolean): term is Comparison {
  return term.kind === "comparison" && term.field === field && term.operator === "=" && term.isNegated === isNegated;
}

function says(term: Comparison, value: string): boolean {
  return term.values.some((one) => one.value === value);
}

/** The values that a field may have, so far as chips say it. */
export function chosen(filter: string, field: string): ReadonlySet<string> {
  const values = parse(filter).flatMap((term) => (is(term, field, false) ? term.values : []));
  return new Set(values.map(({ value }) => value));
}

/** Only this value: what was said of the field's values before is replaced. */
export function narrowed(filter: string, field: string, value: string): string {
  const terms = parse(filter);
  const kept = terms.filter((term) => !is(term, field, false) && !(is(term, field, true) && says(term, value)));
  return print([...kept, made({ field, operator: "=", values: [{ value, isQuoted: true }], isNegated: false })]);
}

/** Everything but this value. */
export function excluded(filter: string, field: string, value: string): string {
  const terms = parse(filter).flatMap((term): Term[] => {
    if (!is(term, field, false) || !says(term, value)) {
      return [term];
    }
    const values = term.values.filter((one) => one.value !== value);
    return values.length === 0 ? [] : [made({ ...term, values })];
  });
  const isSaid = terms.some((term) => is(term, field, true) && says(term, value));
  const not = made({ field, operator: "=", values: [{ value, isQuoted: true }], isNegated: true });
  return print(isSaid ? terms : [...terms, not]);
}

/** One value more that a field may have, or one less. */
export function toggled(filter: string, field: string, value: string): string {
  const terms = parse(filter);
  const at = terms.findIndex((term) => is(term, field, false));
  const term = terms[at];
  if (term?.kind !== "comparison") {
    return narrowed(filter, field, value);
  }
  const values = says(term, value)
    ? term.values.filter((one) => one.value !== value)
    : [...term.values, { value, isQuoted: true }];
  return print(terms.flatMap((one, index) => (index !== at ? [one] : values.length === 0 ? [] : [made({ ...term, values })])));
}

/** Nothing said any more of a field's values. */
export function freed(filter: string, field: string): string {
  return print(parse(filter).filter((term) => !is(term, field, false)));
}
