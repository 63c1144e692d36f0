import type { ReactNode } from "react";
import "./parts.css";

export type Kind = "good" | "attention" | "bad" | "off" | "unknown";

// a shape of its own for each, so that none is told by its colour alone
const SHAPES: Readonly<Record<Kind, string>> = {
  good: "M6.2 13.5.8 8.1l1.9-1.9 3.5 3.5 7.1-7.2 1.9 1.9z",
  attention: "M8 1 16 15H0z",
  bad: "m2.9 1 5.1 5.1L13.1 1 15 2.9 9.9 8l5.1 5.1-1.9 1.9L8 9.9 2.9 15 1 13.1 6.1 8 1 2.9z",
  off: "M2 6.5h12v3H2z",
  unknown: "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1zm0 2.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6z",
};

/** A state by its shape and its word. */
export function Mark({ kind, children }: { readonly kind: Kind; readonly children: ReactNode }) {
  return (
    <span className={`mark mark-${kind}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SHAPES[kind]} fill="currentColor" fillRule="evenodd" />
      </svg>{" "}
      {children}
    </span>
  );
}
