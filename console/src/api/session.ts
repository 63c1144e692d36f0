// Who asks. The token stays in the memory of the console's tabs: a new tab asks the others for it, and when the last one is
// closed it is gone. A cookie would be sent to every port of this host, such as a forwarded one of the pod that is looked at.

import { useSyncExternalStore } from "react";

const KEPT = "vedette.token";
/** How long a new tab waits for the others. */
const PATIENCE_MS = 150;

type Said = { readonly kind: "asks" } | { readonly kind: "has"; readonly token: string } | { readonly kind: "signedOut" };
export type Session = { readonly token: string | undefined; readonly hasEnded: boolean };

const tabs = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("vedette.session");
const listeners = new Set<() => void>();
let session: Session = { token: given() ?? sessionStorage.getItem(KEPT) ?? undefined, hasEnded: false };

/** What a link of `vedette console` brings along; it must not stay in the address, which is copied and remembered. */
function given(): string | undefined {
  const found = /^#token=([\w.~+/=-]+)$/.exec(location.hash)?.[1];
  if (found !== undefined) {
    history.replaceState(null, "", location.pathname + location.search);
    sessionStorage.setItem(KEPT, found);
  }
  return found;
}

function become(next: Session): void {
  session = next;
  if (next.token === undefined) {
    sessionStorage.removeItem(KEPT);
  } else {
    sessionStorage.setItem(KEPT, next.token);
  }
  listeners.forEach((listener) => listener());
}

function tell(said: Said): void {
  tabs?.postMessage(said);
}

tabs?.addEventListener("message", ({ data }: MessageEvent<Said>) => {
  if (data.kind === "asks" && session.token !== undefined) {
    tell({ kind: "has", token: session.token });
  } else if (data.kind === "has" && session.token === undefined) {
    become({ token: data.token, hasEnded: false });
  } else if (data.kind === "signedOut") {
    become({ token: undefined, hasEnded: false });
  }
});

/** Whoever is not signed in asks the other tabs first. */
export async function shareSession(): Promise<void> {
  if (session.token !== undefined || tabs === undefined) {
    return;
  }
  const told = Promise.withResolvers<void>();
  listeners.add(told.resolve);
  tell({ kind: "asks" });
  await Promise.race([told.promise, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  listeners.delete(told.resolve);
}

export function token(): string | undefined {
  return session.token;
}

export function signIn(held: string): void {
  become({ token: held, hasEnded: false });
  // tabs in which it ended go on
  tell({ kind: "has", token: held });
}

export function signOut(): void {
  become({ token: undefined, hasEnded: false });
  tell({ kind: "signedOut" });
}

/** What every request carries that shows who asks. */
export function credentials(): Readonly<Record<string, string>> {
  return session.token === undefined ? {} : { Authorization: `Bearer ${session.token}` };
}

/** Whom a token of an identity provider names. One of Vedette's own names nobody. It is a label: the server alone decides. */
export function nameIn(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
    const { email, sub } = claims as { readonly email?: unknown; readonly sub?: unknown };
    return [email, sub].find((said) => typeof said === "string");
  } catch {
    return undefined;
  }
}

/** The server no longer takes it. */
export function sessionEnded(): void {
  if (session.token !== undefined) {
    become({ token: undefined, hasEnded: true });
  }
}

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}
