// A description opens with one plain sentence: how sure, who, what, where, to whom. The page shows it as its headline.

import type { TFunction } from "i18next";
import type { Finding, FindingResult } from "../api/finding";

/** Longer ones are no headline; the reader gets all of it below. */
const LONGEST = 600;

export interface Told {
  readonly first: string;
  readonly rest: string;
}

/** A full stop ends a sentence where a space and a capital follow: not in an address, a version or a path. */
export function told(description: string): Told {
  const head = description.slice(0, LONGEST + 2);
  const end = /[.!?](?=\s+[\p{Lu}"'])|[.!?]\s*$/u.exec(head);
  if (end === null || (description.length > head.length && end.index + 1 >= head.trimEnd().length)) {
    return description.length > LONGEST
      ? { first: `${description.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]$/, "")}…`, rest: description }
      : { first: description.trim(), rest: "" };
  }
  const at = end.index + 1;
  return { first: description.slice(0, at).trim(), rest: description.slice(at).trim() };
}

/** The facts of that sentence, for a reader of another language than the sensor's. */
export interface Sentence {
  readonly level: "HIGH" | "MEDIUM" | "LOW";
  /** `undefined` is root. */
  readonly user: string | undefined;
  readonly program: string;
  readonly through: string | undefined;
  readonly place:
    | { readonly kind: "pod"; readonly container: string; readonly pod: string }
    | { readonly kind: "container"; readonly container: string }
    | { readonly kind: "node"; readonly node: string };
  readonly peer:
    | { readonly kind: "reverse"; readonly peer: string }
    | { readonly kind: "bind"; readonly peer: string; readonly port: string };
}

const LEVELS = ["HIGH", "MEDIUM", "LOW"] as const;

function placeOf(finding: Finding): Sentence["place"] | undefined {
  const pod = finding.kubernetes?.pods?.[0];
  const id = finding.vedette?.container?.id;
  const container = finding.containers?.[0]?.name ?? (typeof id === "string" ? id : undefined);
  const node = finding.sourceProperties?.["VM_Instance_Name"];
  if (container !== undefined) {
    return pod?.name === undefined ? { kind: "container", container } : { kind: "pod", container, pod: `${pod.ns ?? ""}/${pod.name}` };
  }
  // a container that is not known by a name or an id is no node
  return finding.vedette?.container === undefined && typeof node === "string" ? { kind: "node", node } : undefined;
}

/** `undefined` where one of them is not known: then the sensor's own words are better than half a sentence. */
export function factsOf({ finding }: FindingResult): Sentence | undefined {
  const level = LEVELS.find((one) => one === finding.vedette?.confidence?.level);
  const [shell, second] = finding.processes ?? [];
  const program = shell?.binary?.path;
  const place = placeOf(finding);
  const { direction, endpoint } = finding.vedette?.session ?? {};
  const peer = endpoint?.peer;
  if (
    level === undefined ||
    program === undefined ||
    shell?.userId === undefined ||
    place === undefined ||
    peer === undefined ||
    (direction !== "reverse" && direction !== "bind")
  ) {
    return undefined;
  }
  const story = finding.vedette?.story?.processes;
  const opener = Array.isArray(story) ? story.find((one) => one?.role === "OPENER")?.name : undefined;
  const isSocat = finding.moduleName === "SOCAT_REVERSE_SHELL_DETECTED" && second?.name?.startsWith("socat") === true;
  return {
    level,
    user: shell.userId === "0" ? undefined : shell.userId,
    program,
    through: typeof opener === "string" ? opener : isSocat ? second.name : undefined,
    place,
    peer: direction === "reverse" ? { kind: direction, peer } : { kind: direction, peer, port: endpoint?.local?.split(":").at(-1) ?? "" },
  };
}

/** Written by the catalogue that is given. */
export function sentence(t: TFunction, facts: Sentence): string {
  const { level, user, program, through, place, peer } = facts;
  return t("finding.sentence.whole", {
    level: t(`finding.sentence.levels.${level}`),
    user: user === undefined ? t("finding.root") : t("finding.sentence.user", { user }),
    program,
    through: through === undefined ? "" : t("finding.sentence.through", { through }),
    place: t(`finding.sentence.${place.kind}`, { ...place }),
    peer: t(`finding.sentence.${peer.kind}`, { ...peer }),
  });
}
