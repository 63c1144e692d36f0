import { expect, test } from "vitest";
import { blocks, spans } from "./markdown";

const plain = (text: string) => ({ text, isCode: false, isStrong: false });

test("paragraphs, lists, headings and code are told apart", () => {
  const text = "# Title\nfirst\nsecond `socat`\n\n- one\n  goes on\n- two\n1. numbered\n\n```sh\nsocat - EXEC:/bin/sh\n\n- no list\n```\nend";
  expect(blocks(text)).toEqual([
    { kind: "heading", spans: [plain("Title")] },
    { kind: "paragraph", spans: [plain("first second "), { text: "socat", isCode: true, isStrong: false }] },
    { kind: "list", isNumbered: false, items: [[plain("one goes on")], [plain("two")]] },
    { kind: "list", isNumbered: true, items: [[plain("numbered")]] },
    { kind: "code", text: "socat - EXEC:/bin/sh\n\n- no list" },
    { kind: "paragraph", spans: [plain("end")] },
  ]);
});

test("nothing becomes anything but text", () => {
  expect(spans("<b>x</b> [click](javascript:alert(1)) **bold**")).toEqual([
    plain("<b>x</b> "),
    plain("click"),
    plain(") "),
    { text: "bold", isCode: false, isStrong: true },
  ]);
  expect(blocks("")).toEqual([]);
  expect(blocks("```\nnever closed")).toEqual([{ kind: "code", text: "never closed" }]);
  expect(spans("a `b")).toEqual([plain("a `b")]);
});

test("much text takes no time to speak of", () => {
  const begun = performance.now();
  blocks("**`[".repeat(50_000));
  expect(performance.now() - begun).toBeLessThan(2_000);
});
