import { useState } from "react";
import { Divider, Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from "@patternfly/react-core";
import UserIcon from "@patternfly/react-icons/dist/esm/icons/user-icon";
import { useTranslation } from "react-i18next";
import { nameIn, signOut, useSession } from "../api/session";
import { inert } from "../text/inert";
import { LANGUAGES, setLanguage } from "./messages";
import { setTheme, theme, THEMES } from "./theme";

const LANGUAGE_NAMES = Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[];

/** Who is signed in, how the console looks to them, and the way out. */
export function UserMenu({ onHelp }: { readonly onHelp: () => void }) {
  const { t, i18n } = useTranslation();
  const { token = "" } = useSession();
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState(theme);
  const name = inert(nameIn(token) ?? t("app.byToken"));
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: "right", appendTo: "inline" }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          isExpanded={isOpen}
          icon={<UserIcon />}
          aria-label={t("app.userMenu", { name })}
          onClick={() => setOpen(!isOpen)}
        />
      )}
    >
      <p className="who">{name}</p>
      <Divider />
      <DropdownGroup labelHeadingLevel="h2" label={t("app.theme")}>
        <DropdownList>
          {THEMES.map((of) => (
            <DropdownItem
              key={of}
              isSelected={of === chosen}
              onClick={() => {
                setTheme(of);
                setChosen(of);
              }}
            >
              {t(`app.themes.${of}`)}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <Divider />
      <DropdownGroup labelHeadingLevel="h2" label={t("app.language")}>
        <DropdownList>
          {LANGUAGE_NAMES.map((language) => (
            <DropdownItem
              key={language}
              lang={language}
              isSelected={i18n.language === language}
              onClick={() => void setLanguage(language)}
            >
              {LANGUAGES[language]}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={onHelp}>{t("app.keyboard")}</DropdownItem>
        <DropdownItem onClick={signOut}>{t("app.signOut")}</DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
