import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TACTICS, TECHNIQUES } from "../text/attack_ids";
import { cell, head, line } from "./export_file";

test("ids are those that the server writes", () => {
  const rust = readFileSync("../crates/finding/src/mitre.rs", "utf8");
  const said = [...rust.matchAll(/= \d+ "([A-Z_0-9]+)" "(T[A0-9.]+)"/g)].map(([, name = "", id = ""]) => [name, id]);
  expect({ ...TACTICS, ...TECHNIQUES }).toEqual(Object.fromEntries(said));
});

test.each([
  ["=1+1", "'=1+1"],
  ["+1", "'+1"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0"],
  ["\uff1d1", "'\uff1d1"],
  ["\tx", "'\tx"],
  ["a,b", '"a,b"'],
  ['a"b', '"a""b"'],
  ["a\nb", '"a\nb"'],
  ["\nb", '"\'\nb"'],
  ["a\u001b[2J\u202eb\r", "a\\x1b[2J\\u{202e}b\\x0d"],
  ["\u0000=1", "\\x00=1"],
  ["plain é 漢", "plain é 漢"],
  ["", ""],
])("a spreadsheet shows %j and does not run it", (text, written) => {
  expect(cell(text)).toBe(written);
});

test("a finding is a line in which nothing is obeyed", () => {
  const item = {
    finding: {
      name: "n",
      category: "a\u202eb\u007f",
      processes: [{ args: ["socat", "-"], pid: "7" }],
      connections: [{ destinationIp: "203.0.113.7", destinationPort: 4444 }],
      mitreAttack: { primaryTactic: "EXECUTION", primaryTechniques: ["UNIX_SHELL", "OF_TOMORROW"] },
      securityMarks: { marks: { b: "2", a: "1" } },
    },
  };
  expect(line("jsonl", item)).toContain('"a\\u202eb\\u007f"');
  expect(JSON.parse(line("jsonl", item))).toEqual(item);
  const cells = line("csv", item).trimEnd().split(",");
  const at = (name: string) => cells[head("csv").trimEnd().split(",").indexOf(name)];
  expect(at("process_args")).toBe("socat -");
  expect(at("tactic")).toBe("TA0002");
  expect(at("techniques")).toBe("T1059.004");
  expect(line("csv", item)).toContain('"{""a"":""1"",""b"":""2""}"');
  expect(line("csv", item)).toMatch(/\r\n$/);
});
