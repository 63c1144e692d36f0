/** Hands the reader a file that was made here. */
export function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  link.click();
  URL.revokeObjectURL(address);
}
