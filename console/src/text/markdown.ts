// The little of Markdown that the catalogue's prose uses: headings, paragraphs, lists, code. Everything is text: there is
// nothing in it that a browser could run or fetch.

export interface Span {
  readonly text: string;
  readonly isCode: boolean;
  readonly isStrong: boolean;
}

export type Block =
  | { readonly kind: "paragraph" | "heading"; readonly spans: readonly Span[] }
  | { readonly kind: "list"; readonly isNumbered: boolean; readonly items: readonly (readonly Span[])[] }
  | { readonly kind: "code"; readonly text: string };

// bounded, so that a text of brackets takes no time to speak of
const MARKED = /`([^`]{1,1000})`|\*\*([^*]{1,1000})\*\*|\[([^\]]{1,300})\]\([^)\s]{0,300}\)/g;

/** Code, strong words and the text of links, told apart. */
export function spans(line: string): Span[] {
  const found: Span[] = [];
  let plain = 0;
  const add = (text: string, isCode: boolean, isStrong: boolean) => {
    if (text !== "") {
      found.push({ text, isCode, isStrong });
    }
  };
  for (const match of line.matchAll(MARKED)) {
    add(line.slice(plain, match.index), false, false);
    add(match[1] ?? match[2] ?? match[3] ?? "", match[1] !== undefined, match[2] !== undefined);
    plain = match.index + match[0].length;
  }
  add(line.slice(plain), false, false);
  return found;
}

const ITEM = /^\s{0,3}(?:[-*]|(\d+)[.)])\s+(.*)$/;

export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let paragraph: string[] = [];
  let list: { isNumbered: boolean; items: string[] } | undefined;
  const end = () => {
    if (paragraph.length > 0) {
      found.push({ kind: "paragraph", spans: spans(paragraph.join(" ")) });
      paragraph = [];
    }
    if (list !== undefined) {
      found.push({ kind: "list", isNumbered: list.isNumbered, items: list.items.map(spans) });
      list = undefined;
    }
  };
  let code: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line.trimStart().startsWith("```")) {
      if (code === undefined) {
        end();
        code = [];
      } else {
        found.push({ kind: "code", text: code.join("\n") });
        code = undefined;
      }
      continue;
    }
    if (code !== undefined) {
      code.push(line);
      continue;
    }
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    const item = ITEM.exec(line);
    if (heading !== null) {
      end();
      found.push({ kind: "heading", spans: spans(heading[1] ?? "") });
    } else if (item !== null) {
      const isNumbered = item[1] !== undefined;
      if (list?.isNumbered !== isNumbered) {
        end();
        list = { isNumbered, items: [] };
      }
      list.items.push(item[2] ?? "");
    } else if (line.trim() === "") {
      end();
    } else if (list !== undefined && /^\s/.test(line)) {
      list.items.push(`${list.items.pop() ?? ""} ${line.trim()}`);
    } else {
      if (list !== undefined) {
        end();
      }
      paragraph.push(line.trim());
    }
  }
  if (code !== undefined) {
    found.push({ kind: "code", text: code.join("\n") });
  }
  end();
  return found;
}
