const KEPT = "vedette.theme";
const CLASS = "pf-v6-theme-dark";

export function isDark(): boolean {
  return document.documentElement.classList.contains(CLASS);
}

export function setDark(dark: boolean): void {
  localStorage.setItem(KEPT, dark ? "dark" : "light");
  document.documentElement.classList.toggle(CLASS, dark);
}

export function startTheme(): void {
  const kept = localStorage.getItem(KEPT);
  const dark = kept === null ? matchMedia("(prefers-color-scheme: dark)").matches : kept === "dark";
  document.documentElement.classList.toggle(CLASS, dark);
}
