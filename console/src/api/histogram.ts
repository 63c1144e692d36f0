import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client, Refused } from "./client";

export interface Bucket {
  readonly startTime: string;
  readonly endTime: string;
  /** How many of each severity. */
  readonly counts: Readonly<Record<string, string>>;
}

export interface Histogram {
  readonly buckets: readonly Bucket[];
  /** Not everything could be counted in time. */
  readonly complete: boolean;
}

interface Question {
  readonly filter: string;
  readonly startTime: string;
  readonly endTime: string;
  readonly buckets: number;
  readonly field: "eventTime";
}

interface Asked {
  readonly body: Question;
  readonly signal: AbortSignal;
}

/** Not in the document of servers that do not offer it. */
const post = client.POST as unknown as (
  path: string,
  asked: Asked,
) => Promise<{ data?: Histogram; error?: unknown; response: Response }>;

/** How many findings there are over time; null when the server does not count over time. */
export function histogram(question: Question | undefined) {
  return queryOptions({
    queryKey: ["histogram", question],
    queryFn: async ({ signal }): Promise<Histogram | null> => {
      if (question === undefined) {
        return null;
      }
      try {
        return await answer(post("/v2/organizations/-/sources/-/findings:histogram", { body: question, signal }));
      } catch (error) {
        if (error instanceof Refused && [404, 405, 501].includes(error.status)) {
          return null;
        }
        throw error;
      }
    },
    enabled: question !== undefined,
    placeholderData: keepPreviousData,
  });
}
