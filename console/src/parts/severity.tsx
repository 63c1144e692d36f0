import { useTranslation } from "react-i18next";
import type { Messages } from "../messages/en";

type Severity = keyof Messages["severity"];

// a shape of its own for each, so that none is told by its colour alone
const SHAPES: Readonly<Record<Severity, string>> = {
  CRITICAL: "M8 0 16 8 8 16 0 8z",
  HIGH: "M8 1 16 15H0z",
  MEDIUM: "M1 1h14v14H1z",
  LOW: "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1z",
  SEVERITY_UNSPECIFIED: "M2 7h12v2H2z",
};

export function knownSeverity(severity: string | undefined): Severity {
  return severity !== undefined && Object.hasOwn(SHAPES, severity) ? (severity as Severity) : "SEVERITY_UNSPECIFIED";
}

export function SeverityMark({ severity }: { readonly severity: string | undefined }) {
  const { t } = useTranslation();
  return <LabelledSeverity severity={severity} label={t(`severity.${knownSeverity(severity)}`)} />;
}

/** The same for lists of many, which look the word up once. */
export function LabelledSeverity({ severity, label }: { readonly severity: string | undefined; readonly label: string }) {
  const known = knownSeverity(severity);
  return (
    <span className={`severity severity-${known.toLowerCase()}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SHAPES[known]} fill="currentColor" />
      </svg>{" "}
      {label}
    </span>
  );
}
