import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "../messages/en";
import { fr } from "../messages/fr";

const KEPT = "vedette.language";
export const LANGUAGES = { en: "English", fr: "Français" } as const;

function preferred(): string {
  const kept = localStorage.getItem(KEPT);
  return kept ?? (navigator.languages.some((language) => language.startsWith("fr")) ? "fr" : "en");
}

export async function startMessages(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: preferred(),
    fallbackLng: "en",
    resources: { en: { translation: en }, fr: { translation: fr } },
    // React escapes what it shows
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = i18next.language;
}

export async function setLanguage(language: keyof typeof LANGUAGES): Promise<void> {
  localStorage.setItem(KEPT, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}
