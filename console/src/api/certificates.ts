import { queryOptions } from "@tanstack/react-query";
import { ask } from "./client";
import type { components } from "./schema";

const REVOKED = "/v2/organizations/-/revokedCertificates";

export type IssuedCertificate = components["schemas"]["IssuedCertificate"];

export type RevokedCertificate = components["schemas"]["RevokedCertificate"];

export function issuePath(cluster: string, node: string): string {
  return `/v2/organizations/-/sensors/${encodeURIComponent(cluster)}/${encodeURIComponent(node)}:issueCertificate`;
}

/** A certificate and its key, which the server tells this once. */
export function issueCertificate(cluster: string, node: string, lifeSeconds: number): Promise<IssuedCertificate> {
  return ask<IssuedCertificate>("POST", issuePath(cluster, node), { lifeSeconds: String(lifeSeconds) });
}

export const REVOKE_PATH = REVOKED;

/** Of a node all that it was given until now, or one certificate. */
export function revoke(what: { readonly node: string } | { readonly fingerprint: string }, reason: string): Promise<RevokedCertificate> {
  return ask<RevokedCertificate>("POST", REVOKED, { ...what, reason });
}

export function undoPath(fingerprint: string): string {
  return `${REVOKED}/${encodeURIComponent(fingerprint)}`;
}

export const revoked = queryOptions({
  queryKey: ["revoked"],
  queryFn: async ({ signal }) => {
    const found: RevokedCertificate[] = [];
    let token = "";
    do {
      const page = await ask<{ readonly revokedCertificates?: readonly RevokedCertificate[]; readonly nextPageToken?: string }>(
        "GET",
        `${REVOKED}?pageSize=1000&pageToken=${encodeURIComponent(token)}`,
        undefined,
        signal,
      );
      found.push(...(page.revokedCertificates ?? []));
      token = page.nextPageToken ?? "";
    } while (token !== "");
    return found as readonly RevokedCertificate[];
  },
});
