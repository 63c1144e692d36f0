import type { File } from "../api/one_finding";

/** Hands bytes to the browser's downloads. */
export function save({ bytes, name }: File): void {
  const address = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
