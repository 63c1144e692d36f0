// The states of a finding that can be compared: what it is now, and what is kept of how it was.

import type { FindingResult } from "../../api/finding";
import type { Version } from "../../api/one_finding";
import { diff } from "./diff";

export interface State {
  /** Since when it is or was so. */
  readonly since: string | undefined;
  readonly isNow: boolean;
  /** What is compared: when it was so is none of it. */
  readonly document: { readonly finding: unknown; readonly resource: unknown };
}

function documentOf({ finding, resource }: FindingResult): State["document"] {
  return { finding, resource: resource ?? null };
}

/** The newest first. A server tells earlier states; one that tells the present one, too, does not make it stand twice. */
export function statesOf(now: FindingResult, kept: readonly Version[]): State[] {
  const earlier = kept.map((version): State => ({ since: version.versionTime, isNow: false, document: documentOf(version) }));
  const present = documentOf(now);
  const [last] = earlier;
  if (last !== undefined && diff(last.document, present).found.length === 0) {
    return [{ ...last, isNow: true }, ...earlier.slice(1)];
  }
  return [{ since: kept[0]?.endTime, isNow: true, document: present }, ...earlier];
}
