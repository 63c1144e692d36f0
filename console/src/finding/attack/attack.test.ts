import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Finding } from "../../api/finding";
import { catalogue as english } from "./catalogue_en";
import { catalogue as french } from "./catalogue_fr";
import { idOf, TACTICS, TECHNIQUES } from "../../text/attack_ids";
import { cardsOf, listOf, pageOf, sameTechnique, tacticsOf } from "./techniques";

const rust = readFileSync("../crates/finding/src/mitre.rs", "utf8");
const coverage = readFileSync("../docs/attack-coverage.md", "utf8");

test("names and ids are those of the server", () => {
  const there = [...rust.matchAll(/= \d+ "([A-Z_]+)" "(TA?\d+(?:\.\d+)?)"/g)].map(([, name, id]) => [name, id]);
  expect([...Object.entries(TACTICS), ...Object.entries(TECHNIQUES)]).toEqual(there);
  expect(idOf("UNIX_SHELL")).toBe("T1059.004");
  expect(idOf("T1095")).toBe("T1095");
  expect(idOf("constructor")).toBe("");
  expect(idOf("T1<b>")).toBe("");
});

test("every technique that a detector names is described, in both languages", () => {
  const named = [...coverage.matchAll(/\[(T\d{4}(?:\.\d{3})?)\]/g)].map(([, id]) => id ?? "");
  expect(named.length).toBeGreaterThan(0);
  for (const id of named) {
    expect(english[id], id).toBeDefined();
  }
  expect(Object.keys(french)).toEqual(Object.keys(english));
  for (const [id, { tactics, means, against }] of [...Object.entries(english), ...Object.entries(french)]) {
    expect(means.length, id).toBeGreaterThan(40);
    expect(against.length, id).toBeGreaterThan(0);
    expect(tactics.every((tactic) => tactic in TACTICS), id).toBe(true);
  }
  expect(Object.entries(french).map(([id, { tactics }]) => [id, tactics])).toEqual(
    Object.entries(english).map(([id, { tactics }]) => [id, tactics]),
  );
});

const finding = {
  mitreAttack: {
    primaryTactic: "EXECUTION",
    primaryTechniques: ["UNIX_SHELL", "COMMAND_AND_SCRIPTING_INTERPRETER"],
    additionalTactics: ["COMMAND_AND_CONTROL", "NONSENSE"],
    additionalTechniques: ["UNIX_SHELL", '"OR"'],
  },
  vedette: { attackTechniques: ["T1095"] },
} as Finding;

test("a finding's techniques become cards, each once", () => {
  expect(cardsOf(finding).map(({ id, isPrimary }) => [id, isPrimary])).toEqual([
    ["T1059.004", true],
    ["T1059", true],
    ["", false],
    ["T1095", false],
  ]);
  expect(tacticsOf(finding)).toEqual({ primary: "EXECUTION", others: ["COMMAND_AND_CONTROL"] });
  expect(cardsOf({})).toEqual([]);
});

test("the same technique is asked for where it is written", () => {
  const [shell, , , other] = cardsOf(finding);
  expect(sameTechnique(shell!)).toBe(
    'state = "ACTIVE" AND NOT mute = "MUTED" AND (mitre_attack.primary_techniques = "UNIX_SHELL" OR mitre_attack.additional_techniques = "UNIX_SHELL")',
  );
  expect(sameTechnique(other!)).toBe('state = "ACTIVE" AND NOT mute = "MUTED" AND (vedette.attackTechniques = "T1095")');
  expect(listOf(other!)).toBe("/findings?filter=%28vedette.attackTechniques+%3D+%22T1095%22%29&range=all");
  expect(pageOf("T1059.004")).toBe("https://attack.mitre.org/techniques/T1059/004/");
});
