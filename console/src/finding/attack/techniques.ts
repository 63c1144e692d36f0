// What a finding says of ATT&CK, ready to be shown. The descriptions are bundled, in our own words: nothing is fetched.

import type { Finding } from "../../api/finding";
import { isKnown } from "../../text/known";
import { quoted } from "../../text/quoted";
import { idOf, TACTICS, TECHNIQUES, type Tactic } from "../../text/attack_ids";

export interface Described {
  readonly name: string;
  readonly tactics: readonly Tactic[];
  /** What an attacker does with it, in a container. */
  readonly means: string;
  /** What makes it harder. */
  readonly against: readonly string[];
}

export type Catalogue = Readonly<Record<string, Described>>;

export interface Card {
  /** `T1059.004`; empty when a word is no technique that is known. */
  readonly id: string;
  /** As the finding writes it. */
  readonly word: string;
  readonly isPrimary: boolean;
}

/** More are no mapping any more. */
const MOST = 40;

function words(value: readonly string[] | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}

/** Each technique of a finding once: the main ones first, and a sub-technique before the one it belongs to. */
export function cardsOf(finding: Finding): Card[] {
  const primary = words(finding.mitreAttack?.primaryTechniques);
  const others = [...words(finding.mitreAttack?.additionalTechniques), ...words(finding.vedette?.attackTechniques)];
  const found = new Map<string, Card>();
  for (const [word, isPrimary] of [...primary.map((one) => [one, true] as const), ...others.map((one) => [one, false] as const)]) {
    const id = idOf(word);
    const key = id === "" ? word : id;
    if (!found.has(key) && found.size < MOST) {
      found.set(key, { id, word, isPrimary });
    }
  }
  return [...found.values()];
}

/** Tactics of a finding; of what it does not say, those of its techniques are not guessed. */
export function tacticsOf(finding: Finding): { readonly primary: Tactic | undefined; readonly others: readonly Tactic[] } {
  const primary = finding.mitreAttack?.primaryTactic;
  return {
    primary: isKnown(TACTICS, primary) ? primary : undefined,
    others: words(finding.mitreAttack?.additionalTactics).filter((word): word is Tactic => isKnown(TACTICS, word)),
  };
}

/** Open findings of the same technique, in the filter language. */
export function sameTechnique({ word, id }: Card): string {
  const value = quoted(word);
  const fields = isKnown(TECHNIQUES, word)
    ? ["mitre_attack.primary_techniques", "mitre_attack.additional_techniques"]
    : ["vedette.attackTechniques"];
  const same = fields.map((field) => `${field} = ${isKnown(TECHNIQUES, word) ? value : quoted(id)}`).join(" OR ");
  return `state = "ACTIVE" AND NOT mute = "MUTED" AND (${same})`;
}

/** The list with the same findings in it: state and mute are chosen there, and any time is looked at. */
export function listOf(card: Card): string {
  const filter = sameTechnique(card).replace('state = "ACTIVE" AND NOT mute = "MUTED" AND ', "");
  return `/findings?${new URLSearchParams({ filter, range: "all" }).toString()}`;
}

/** The page about it at MITRE; `undefined` when it has no id. */
export function pageOf(id: string): string | undefined {
  return id === "" ? undefined : `https://attack.mitre.org/techniques/${id.replace(".", "/")}/`;
}
