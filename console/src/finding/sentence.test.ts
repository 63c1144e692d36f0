import { readFileSync } from "node:fs";
import i18next from "i18next";
import { expect, test } from "vitest";
import type { FindingResult } from "../api/finding";
import { en } from "../messages/en";
import { fr } from "../messages/fr";
import { factsOf, sentence, told } from "./sentence";

const snapshot = JSON.parse(readFileSync("../crates/findings/tests/snapshots/pod.json", "utf8")) as FindingResult;

test("the sentence that is composed says what the sensor's says, in each language", async () => {
  const messages = i18next.createInstance();
  await messages.init({
    lng: "en",
    resources: { en: { translation: en }, fr: { translation: fr } },
    interpolation: { escapeValue: false },
  });
  const facts = factsOf(snapshot);
  expect(facts).toBeDefined();
  expect(sentence(messages.getFixedT("en"), facts!)).toBe(told(snapshot.finding.description ?? "").first);
  expect(sentence(messages.getFixedT("fr"), facts!)).toBe(
    "Avec une confiance élevée, root (utilisateur 0) a exécuté /bin/sh au moyen de socat dans le conteneur web du pod payments/web-7d9, connecté à 203.0.113.7:4444.",
  );
  expect(factsOf({ finding: {} })).toBeUndefined();
});

test("the first sentence is the headline, and an address does not end it", () => {
  expect(
    told("With high confidence, root ran /bin/sh in container web.v2, connected to 203.0.113.7:4444. The shell's parent is socat. It ended."),
  ).toEqual({
    first: "With high confidence, root ran /bin/sh in container web.v2, connected to 203.0.113.7:4444.",
    rest: "The shell's parent is socat. It ended.",
  });
  expect(told("Only one.")).toEqual({ first: "Only one.", rest: "" });
  expect(told("no full stop")).toEqual({ first: "no full stop", rest: "" });
  expect(told("")).toEqual({ first: "", rest: "" });
});

test("a megabyte without an end is cut for the headline and whole below", () => {
  const long = "a".repeat(1_000_000);
  const { first, rest } = told(long);
  expect(first.length).toBe(600);
  expect(rest).toBe(long);
});

test("a cut never leaves half a character", () => {
  const { first } = told("😀".repeat(1_000));
  expect(first).not.toMatch(/\p{Cs}/u);
});
