import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { en, Messages } from "./en";

const KEPT = "vedette.language";
export const LANGUAGES = { en: "English", fr: "Français" } as const;
type Language = keyof typeof LANGUAGES;

function preferred(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "fr") {
    return kept;
  }
  return navigator.languages.some((language) => language.startsWith("fr")) ? "fr" : "en";
}

/** Only the catalogue that is read is loaded; each has every message. */
async function catalogue(language: Language): Promise<Messages> {
  return language === "fr" ? (await import("./fr")).fr : (await import("./en")).en;
}

export async function startMessages(): Promise<void> {
  const language = preferred();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await catalogue(language) } },
    // React escapes what it shows
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = language;
}

export async function setLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", await catalogue(language));
  }
  localStorage.setItem(KEPT, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}
