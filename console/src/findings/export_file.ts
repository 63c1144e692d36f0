// Findings as a file, as `vedette findings export` writes them: docs/exports.md.

import type { FindingResult } from "../api/finding";
import { TACTICS, TECHNIQUES } from "../text/attack_ids";
import { isKnown } from "../text/known";

export const FORMATS = ["jsonl", "csv"] as const;
export type Format = (typeof FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  jsonl: "application/jsonl",
  csv: "text/csv; charset=utf-8; header=present",
};

/** What a terminal or an editor obeys instead of showing it. */
const OBEYED = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u061c]/gu;

function shown(text: string): string {
  return text.replace(OBEYED, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\n" || character === "\t") {
      return character;
    }
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** What spreadsheets take for a formula, directly or after what they drop. */
function isFormula(text: string): boolean {
  return /^[ \t\r\n\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text) || /^[\t\r\n]/.test(text);
}

export function cell(text: string): string {
  const plain = shown(text);
  const defused = isFormula(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

type Column = readonly [name: string, of: (item: FindingResult) => string | number | undefined];

function property(key: string): Column[1] {
  return ({ finding }) => {
    const value = finding.sourceProperties?.[key];
    return typeof value === "string" ? value : undefined;
  };
}

function marks({ finding }: FindingResult): string | undefined {
  const said = Object.entries(finding.securityMarks?.marks ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  return said.length === 0 ? undefined : JSON.stringify(Object.fromEntries(said));
}

const COLUMNS: readonly Column[] = [
  ["name", ({ finding }) => finding.name],
  ["category", ({ finding }) => finding.category],
  ["severity", ({ finding }) => finding.severity ?? "SEVERITY_UNSPECIFIED"],
  ["state", ({ finding }) => finding.state ?? "STATE_UNSPECIFIED"],
  ["mute", ({ finding }) => finding.mute ?? "MUTE_UNSPECIFIED"],
  ["finding_class", ({ finding }) => finding.findingClass ?? "FINDING_CLASS_UNSPECIFIED"],
  ["event_time", ({ finding }) => finding.eventTime],
  ["create_time", ({ finding }) => finding.createTime],
  ["resource_name", ({ finding }) => finding.resourceName],
  ["cluster", ({ resource }) => resource?.displayName],
  ["project", ({ resource }) => resource?.gcpMetadata?.projectDisplayName],
  ["location", ({ resource }) => resource?.location],
  ["namespace", property("Pod_Namespace")],
  ["pod", property("Pod_Name")],
  ["container", property("Container_Name")],
  ["image", property("Container_Image_Uri")],
  ["node", property("VM_Instance_Name")],
  ["process_path", ({ finding }) => finding.processes?.[0]?.binary?.path],
  ["process_args", ({ finding }) => finding.processes?.[0]?.args?.join(" ")],
  ["process_pid", ({ finding }) => finding.processes?.[0]?.pid],
  ["process_sha256", ({ finding }) => finding.processes?.[0]?.binary?.sha256],
  ["destination_ip", ({ finding }) => finding.connections?.[0]?.destinationIp],
  ["destination_port", ({ finding }) => finding.connections?.[0]?.destinationPort],
  [
    "tactic",
    ({ finding: { mitreAttack } }) => (isKnown(TACTICS, mitreAttack?.primaryTactic) ? TACTICS[mitreAttack.primaryTactic] : undefined),
  ],
  [
    "techniques",
    ({ finding }) => finding.mitreAttack?.primaryTechniques?.flatMap((name) => (isKnown(TECHNIQUES, name) ? TECHNIQUES[name] : []) ?? []).join(" "),
  ],
  ["description", ({ finding }) => finding.description],
  ["marks", marks],
];

/** What stands before the first finding. */
export function head(format: Format): string {
  return format === "csv" ? `${COLUMNS.map(([name]) => name).join(",")}\r\n` : "";
}

/** One finding in its line. */
export function line(format: Format, item: FindingResult): string {
  if (format === "csv") {
    return `${COLUMNS.map(([, of]) => cell(String(of(item) ?? ""))).join(",")}\r\n`;
  }
  const escaped = JSON.stringify(item).replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `${escaped}\n`;
}
