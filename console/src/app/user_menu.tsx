import { useRef, useState } from "react";
import { Button } from "@patternfly/react-core";
import UserIcon from "@patternfly/react-icons/dist/esm/icons/user-icon";
import { useTranslation } from "react-i18next";
import { nameIn, signOut, useSession } from "../api/session";
import { inert } from "../text/inert";
import { LANGUAGES, setLanguage } from "../messages/language";
import { setTheme, theme, THEMES } from "./theme";

const LANGUAGE_NAMES = Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[];
const ID = "user-menu";

/**
 * Who is signed in, how the console looks to them, and the way out. A popover of the browser's: it closes by Escape and by a click
 * elsewhere, and gives the focus back.
 */
export function UserMenu({ onHelp }: { readonly onHelp: () => void }) {
  const { t, i18n } = useTranslation();
  const { token = "" } = useSession();
  const panel = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState(theme);
  const [isOpen, setOpen] = useState(false);
  const name = inert(nameIn(token) ?? t("app.byToken"));
  return (
    <>
      <Button
        variant="plain"
        icon={<UserIcon />}
        aria-label={t("app.userMenu", { name })}
        aria-expanded={isOpen}
        aria-controls={ID}
        popoverTarget={ID}
      />
      <div
        id={ID}
        ref={panel}
        popover="auto"
        role="group"
        aria-label={t("app.userMenu", { name })}
        className="user-menu"
        onToggle={(event) => {
          setOpen(event.newState === "open");
          setChosen(theme());
        }}
      >
        <p className="who">{name}</p>
        <fieldset>
          <legend>{t("app.theme")}</legend>
          {THEMES.map((of) => (
            <label key={of}>
              <input
                type="radio"
                name="theme"
                checked={of === chosen}
                onChange={() => {
                  setTheme(of);
                  setChosen(of);
                }}
              />{" "}
              {t(`app.themes.${of}`)}
            </label>
          ))}
        </fieldset>
        <fieldset>
          <legend>{t("app.language")}</legend>
          {LANGUAGE_NAMES.map((language) => (
            <label key={language} lang={language}>
              <input
                type="radio"
                name="language"
                checked={i18n.language === language}
                onChange={() => void setLanguage(language)}
              />{" "}
              {LANGUAGES[language]}
            </label>
          ))}
        </fieldset>
        <Button
          variant="link"
          isInline
          onClick={() => {
            panel.current?.hidePopover();
            onHelp();
          }}
        >
          {t("app.keyboard")}
        </Button>
        <Button variant="link" isInline onClick={signOut}>
          {t("app.signOut")}
        </Button>
      </div>
    </>
  );
}
