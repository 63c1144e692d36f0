// The tabs of a finding in their order; the keys 1 to 9 lead to them. Each is loaded when it is looked at first.

import { lazy, type ComponentType } from "react";
import type { FindingResult } from "../api/finding";
import { SummaryTab } from "./summary";

export interface TabContent {
  readonly result: FindingResult;
  /** What the description says after its first sentence. */
  readonly rest: string;
}

interface FindingTab {
  readonly key: "summary" | "story" | "evidence" | "attack" | "json";
  readonly Content: ComponentType<TabContent>;
}

export const TABS: readonly FindingTab[] = [
  { key: "summary", Content: SummaryTab },
  { key: "story", Content: lazy(async () => ({ default: (await import("./story/tab")).StoryTab })) },
  { key: "evidence", Content: lazy(async () => ({ default: (await import("./evidence")).EvidenceTab })) },
  { key: "attack", Content: lazy(async () => ({ default: (await import("./attack/tab")).AttackTab })) },
  { key: "json", Content: lazy(async () => ({ default: (await import("./json/tab")).JsonTab })) },
];
