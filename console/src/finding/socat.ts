// What socat's arguments mean, piece by piece, as socat itself would take them apart.

export type Meaning =
  | "connects"
  | "listens"
  | "datagrams"
  | "executes"
  | "system"
  | "shell"
  | "file"
  | "stdio"
  | "descriptor"
  | "terminal"
  | "proxied"
  | "socket"
  | "other";

/** Where a piece of an argument stands: `start` and `end` are offsets into it. */
interface Piece {
  readonly start: number;
  readonly end: number;
  /** Without quotes and backslashes, as socat takes it. */
  readonly text: string;
}

export interface Option extends Piece {
  readonly name: string;
}

export interface Address extends Piece {
  /** In capitals; empty when the address has none. */
  readonly keyword: string;
  readonly meaning: Meaning;
  /** Host and port, path, or command. */
  readonly parameters: readonly string[];
  readonly options: readonly Option[];
  /** It carries TLS. */
  readonly isEncrypted: boolean;
}

export interface Invocation {
  /** Index of the argument, and what it is. */
  readonly addresses: readonly { readonly argument: number; readonly halves: readonly Address[] }[];
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Reads up to one of `stops`, with socat's rules of quotes, brackets and backslashes. */
function token(text: string, from: number, end: number, stops: readonly string[]): Piece {
  let taken = "";
  let at = from;
  let soft = false;
  const nested: string[] = [];
  while (at < end) {
    const rest = text.slice(at, at + 2);
    const character = text[at] ?? "";
    const inside = nested.at(-1);
    if (!soft && inside === undefined && stops.some((stop) => rest.startsWith(stop))) {
      break;
    }
    if (character === "\\" && at + 1 < end && inside === undefined) {
      const next = text[at + 1] ?? "";
      taken += ESCAPES[next] ?? next;
      at += 2;
      continue;
    }
    if (inside !== undefined) {
      if (character === inside) {
        nested.pop();
      } else if (CLOSING[character] !== undefined) {
        nested.push(CLOSING[character]);
      }
      taken += character;
    } else if (character === '"') {
      soft = !soft;
    } else if (character === "'" && !soft) {
      const close = text.indexOf("'", at + 1);
      const until = close < 0 || close >= end ? end : close;
      taken += text.slice(at + 1, until);
      at = until + 1;
      continue;
    } else {
      if (!soft && CLOSING[character] !== undefined) {
        nested.push(CLOSING[character]);
      }
      taken += character;
    }
    at += 1;
  }
  return { start: from, end: Math.min(at, end), text: taken };
}

const STREAM = /^(TCP|TCP4|TCP6|INET|INET4|INET6|SCTP|SCTP4|SCTP6|DCCP|DCCP4|DCCP6|VSOCK|OPENSSL|SSL)$/;

function meaningOf(keyword: string): { meaning: Meaning; isEncrypted: boolean } {
  const isEncrypted = /^(OPENSSL|SSL|DTLS)/.test(keyword);
  const base = keyword.replace(/-(CONNECT|CLIENT|C)$/, "");
  const is = (meaning: Meaning) => ({ meaning, isEncrypted });
  if (keyword === "EXEC") return is("executes");
  if (keyword === "SYSTEM") return is("system");
  if (keyword === "SHELL") return is("shell");
  if (/^(SOCKS|PROXY)/.test(keyword)) return is("proxied");
  if (/(-LISTEN|-L|-SERVER|-DTLS-SERVER)$/.test(keyword) || keyword.startsWith("ACCEPT")) return is("listens");
  if (STREAM.test(base) || base.startsWith("DTLS") || base.startsWith("OPENSSL-DTLS") || base === "SOCKET") return is("connects");
  if (/^(UDP|UDPLITE|IP|DATAGRAM|DGRAM|SENDTO|INTERFACE|IF)/.test(keyword)) return is("datagrams");
  if (/^(UNIX|LOCAL|ABSTRACT)/.test(keyword)) return is("socket");
  if (keyword === "STDIO" || keyword === "STDIN" || keyword === "STDOUT" || keyword === "STDERR") return is("stdio");
  if (keyword === "FD") return is("descriptor");
  if (keyword === "PTY") return is("terminal");
  if (/^(FILE|OPEN|CREATE|CREAT|GOPEN|PIPE|FIFO|ECHO)$/.test(keyword)) return is("file");
  return is("other");
}

function half(text: string, from: number, end: number): Address {
  const keyword = token(text, from, end, [":", ","]);
  const parameters: string[] = [];
  let at = keyword.end;
  while (text[at] === ":" && at < end) {
    const parameter = token(text, at + 1, end, [":", ","]);
    parameters.push(parameter.text);
    at = parameter.end;
  }
  const options: Option[] = [];
  while (text[at] === "," && at < end) {
    const option = token(text, at + 1, end, [","]);
    const name = option.text.split("=", 1)[0] ?? "";
    options.push({ ...option, name: name.toLowerCase() });
    at = option.end;
  }
  const piece = { start: from, end, text: text.slice(from, end), parameters, options };
  const name = keyword.text.toUpperCase();
  if (name === "-" || name === "") {
    return { ...piece, keyword: "STDIO", meaning: "stdio", isEncrypted: false };
  }
  if (/^\d$/.test(keyword.text) && parameters.length === 0) {
    return { ...piece, keyword: "FD", meaning: "descriptor", parameters: [keyword.text], isEncrypted: false };
  }
  if (keyword.text.includes("/")) {
    return { ...piece, keyword: "GOPEN", meaning: "file", parameters: [keyword.text], isEncrypted: false };
  }
  return { ...piece, keyword: name, ...meaningOf(name) };
}

function halves(text: string): Address[] {
  const first = token(text, 0, text.length, ["!!"]);
  if (first.end >= text.length) {
    return [half(text, 0, text.length)];
  }
  return [half(text, 0, first.end), half(text, first.end + 2, text.length)];
}

const WITH_VALUE = /^-(T|t|b|lp|lf|lF|r|R|S|W|L|-experimental|-statistics)$/;

/** `undefined` when these are no arguments of socat with two addresses. */
export function socat(args: readonly string[]): Invocation | undefined {
  let at = 1;
  for (; at < args.length; at += 1) {
    const argument = args[at] ?? "";
    if (!argument.startsWith("-") || /^-(,|:|!!|$)/.test(argument)) {
      break;
    }
    if (WITH_VALUE.test(argument)) {
      at += 1;
    }
  }
  if (args.length - at !== 2) {
    return undefined;
  }
  const addresses = args.slice(at).map((text, index) => ({ argument: at + index, halves: halves(text) }));
  return { addresses };
}
