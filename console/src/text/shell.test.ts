import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { command, quote } from "./shell";

const words = [
  "plain",
  "",
  "two words",
  "it's",
  "$(id) `id` \\ \"x\" %s %b \\n",
  "a\u001b[2Jb",
  "line\nline\n",
  "\u202egpj.exe",
  "-n",
  "~/x",
  "é漢😀",
  "a\tb'\\047",
];

test.each(words)("a shell reads %j as it was", (word) => {
  const read = execFileSync("bash", ["-c", `printf '%s|' ${command("x", word)}`], { encoding: "utf8" });
  expect(read).toBe(`x|${word}|`);
});

test("a quoted word holds nothing that a terminal acts on", () => {
  for (const word of words) {
    expect(quote(word)).not.toMatch(/[\u0000-\u001f\u007f\u202a-\u202e]/u);
  }
});
