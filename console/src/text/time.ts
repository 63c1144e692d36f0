import { shorten } from "./shorten";

/** Coordinated universal time to the second: what two people compare must be the same for both. */
export function utc(time: string | undefined): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? shorten(String(time ?? ""), 40) : `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The same where the reader is, for titles. */
export function local(time: string | undefined, language: string): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? "" : new Date(at).toLocaleString(language, { dateStyle: "full", timeStyle: "long" });
}

/** To the millisecond, where what is compared stands closer than a second. */
export function precise(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23).replace("T", " ")} UTC`;
}
