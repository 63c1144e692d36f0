// Who asks. The token stays in this tab.

import { useSyncExternalStore } from "react";

const KEPT = "vedette.token";
type Session = { readonly token: string | undefined; readonly hasEnded: boolean };

let session: Session = { token: sessionStorage.getItem(KEPT) ?? undefined, hasEnded: false };
const listeners = new Set<() => void>();

function become(next: Session): void {
  session = next;
  if (next.token === undefined) {
    sessionStorage.removeItem(KEPT);
  } else {
    sessionStorage.setItem(KEPT, next.token);
  }
  listeners.forEach((listener) => listener());
}

export function token(): string | undefined {
  return session.token;
}

export function signIn(held: string): void {
  become({ token: held, hasEnded: false });
}

export function signOut(): void {
  become({ token: undefined, hasEnded: false });
}

/** The server no longer takes it. */
export function tokenEnded(): void {
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
