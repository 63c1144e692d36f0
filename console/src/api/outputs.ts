import { queryOptions } from "@tanstack/react-query";
import { ask, Refused } from "./client";
import type { components } from "./schema";

export interface OutputFacts {
  readonly kind?: string;
  readonly url?: string;
  readonly shape?: string;
  readonly secret?: string;
  readonly subject?: string;
}

export interface NotificationConfig {
  readonly name?: string;
  readonly description?: string;
  readonly pubsubTopic?: string;
  readonly streamingConfig?: { readonly filter?: string };
  readonly updateTime?: string;
  readonly vedette?: OutputFacts;
}

/** A config and what became of its messages, on the server that answered, since it started. */
export interface OutputStatus {
  readonly name: string;
  readonly description?: string;
  readonly deliveredCount?: string;
  readonly failedCount?: string;
  readonly deadLetteredCount?: string;
  readonly waitingCount?: string;
  readonly deadLetterCount?: string;
}

export interface Output {
  readonly status: OutputStatus;
  readonly config: NotificationConfig | undefined;
}

export type DeadLetter = components["schemas"]["DeadLetter"];

export type Replayed = components["schemas"]["ReplayDeadLettersResponse"];

/** The outputs of every scope, each with its config. */
export const outputs = queryOptions({
  queryKey: ["outputs"],
  queryFn: async ({ signal }) => {
    const found: OutputStatus[] = [];
    let token = "";
    do {
      const path = `/v2/organizations/-/notificationConfigs:status?pageSize=500&pageToken=${encodeURIComponent(token)}`;
      const page = await ask<{ readonly outputs?: readonly OutputStatus[]; readonly nextPageToken?: string }>("GET", path, undefined, signal);
      found.push(...(page.outputs ?? []));
      token = page.nextPageToken ?? "";
    } while (token !== "");
    return Promise.all(
      found.map(async (status): Promise<Output> => {
        try {
          return { status, config: await ask<NotificationConfig>("GET", `/v2/${status.name}`, undefined, signal) };
        } catch (error) {
          // deleted meanwhile
          if (error instanceof Refused && error.status === 404) {
            return { status, config: undefined };
          }
          throw error;
        }
      }),
    );
  },
  refetchInterval: 15_000,
});

export function deadLetters(name: string) {
  return queryOptions({
    queryKey: ["outputs", "dead letters", name],
    queryFn: async ({ signal }) => {
      const found: DeadLetter[] = [];
      let token = "";
      do {
        const path = `/v2/${name}/deadLetters?pageSize=500&pageToken=${encodeURIComponent(token)}`;
        const page = await ask<{ readonly deadLetters?: readonly DeadLetter[]; readonly nextPageToken?: string }>("GET", path, undefined, signal);
        found.push(...(page.deadLetters ?? []));
        token = page.nextPageToken ?? "";
      } while (token !== "");
      return found as readonly DeadLetter[];
    },
  });
}

/** The server sends as many as fit into one answer, so it is asked until none is left or one is not taken. */
export async function replayDeadLetters(name: string): Promise<Replayed> {
  let delivered = 0;
  let left = Number.POSITIVE_INFINITY;
  for (;;) {
    const answer = await ask<Replayed>("POST", `/v2/${name}:replayDeadLetters`, {});
    delivered += Number(answer.deliveredCount ?? 0);
    const remaining = Number(answer.remainingCount ?? 0);
    if ((answer.stopReason ?? "") !== "" || remaining === 0 || remaining >= left) {
      return { ...answer, deliveredCount: String(delivered) };
    }
    left = remaining;
  }
}
