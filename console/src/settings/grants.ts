// Roles as they are written: `viewer`, or `editor@projects/shop`.

import type { Binding } from "../api/access";

export const ROLES = ["viewer", "editor", "investigator", "responder", "admin"] as const satisfies readonly Binding["role"][];

export function grantWords({ role, parent }: Binding): string {
  return parent === undefined ? role : `${role}@${parent}`;
}

const PARENT = /^(?:organizations|folders|projects)\/[A-Za-z0-9][A-Za-z0-9._:-]{0,62}$/;

/** Whether roles can be limited to it; empty stands for everywhere. */
export function isParent(text: string): boolean {
  return text === "" || PARENT.test(text);
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a token may be called so. */
export function isTokenName(text: string): boolean {
  return NAME.test(text);
}

/** What a request that makes a token says. */
export function tokenBody(bindings: readonly Binding[], days: number, now: number): object {
  return {
    bindings: bindings.map(({ role, parent }) => (parent === undefined || parent === "" ? { role } : { role, parent })),
    ...(days > 0 ? { expireTime: new Date(now + days * 86_400_000).toISOString() } : {}),
  };
}

/** Arguments of `vedette tokens create`. */
export function tokenArguments(name: string, bindings: readonly Binding[], days: number): string[] {
  return [
    "vedette",
    "tokens",
    "create",
    name,
    ...bindings.flatMap(({ role, parent }) => ["--role", parent === undefined || parent === "" ? role : `${role}@${parent}`]),
    ...(days > 0 ? ["--expires", `${days}d`] : []),
  ];
}
