const KEPT = "vedette.theme";
const CLASS = "pf-v6-theme-dark";

export const THEMES = ["light", "dark", "system"] as const;
export type Theme = (typeof THEMES)[number];

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

export function theme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return kept === "light" || kept === "dark" ? kept : "system";
}

function show(): void {
  const chosen = theme();
  document.documentElement.classList.toggle(CLASS, chosen === "system" ? systemIsDark.matches : chosen === "dark");
}

export function setTheme(chosen: Theme): void {
  localStorage.setItem(KEPT, chosen);
  show();
}

export function startTheme(): void {
  show();
  systemIsDark.addEventListener("change", show);
}
