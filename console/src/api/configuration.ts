import { queryOptions } from "@tanstack/react-query";
import { ask } from "./client";

export interface Setting {
  readonly key: string;
  readonly value?: string;
  /** Name of the environment variable that stands in for it. */
  readonly env?: string | null;
  /** Its name among the values of the Helm chart. */
  readonly helm?: string | null;
  readonly documentation?: string | null;
}

/** What the running server is set to, without secrets. */
export interface Configuration {
  readonly version?: string;
  readonly listen?: string;
  readonly retention?: { readonly findingsDays?: number; readonly auditDays?: number; readonly changesDays?: number };
  readonly organization?: string | null;
  readonly store?: string;
  readonly intake?: Readonly<Record<string, unknown>> | null;
  readonly outputs?: { readonly secretNames?: readonly string[]; readonly pubsubPush?: boolean };
  readonly access?: { readonly openIdConnect?: readonly string[]; readonly kubernetes?: boolean };
  readonly roles?: readonly { readonly role: string; readonly permissions?: readonly string[] }[];
  readonly redaction?: Readonly<Record<string, unknown>> | null;
  readonly settings?: readonly Setting[];
}

export const configuration = queryOptions({
  queryKey: ["configuration"],
  queryFn: ({ signal }) => ask<Configuration>("GET", "/v2/configuration", undefined, signal),
  staleTime: 60_000,
});

/** The organization's name in the API. */
export function organizationOf(found: Configuration | undefined): string | undefined {
  const said = found?.organization;
  return typeof said === "string" && said !== "" ? (said.startsWith("organizations/") ? said : `organizations/${said}`) : undefined;
}
