import { lazy, Suspense, useEffect, useState } from "react";
import {
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  MastheadToggle,
  Nav,
  NavItem,
  NavList,
  Page,
  PageSection,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SkipToContent,
  Spinner,
} from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Link, Route, Switch, useLocation, type DefaultParams } from "wouter";
import { signOut } from "../api/session";
import { useKeys } from "../parts/use_keys";
import { Away } from "./away";
import { PageBoundary } from "./boundary";
import { activeBindings } from "../parts/keys";
import { LANGUAGES, setLanguage } from "../messages/language";
import { isCurrent, NAVIGATION, ROUTES } from "./routes";
import { setTheme, THEMES } from "./theme";
import { UserMenu } from "./user_menu";
import "./shell.css";

// asked for by a key: the first page does not wait for them, and who types at once shall not wait either
const loadPalette = () => import("./palette");
const SOON_MS = 2_000;
const KeyboardHelp = lazy(async () => ({ default: (await import("./help")).KeyboardHelp }));
const CommandPalette = lazy(async () => ({ default: (await loadPalette()).CommandPalette }));

const KEPT = "vedette.navigation";
/** PatternFly lays the navigation over the page below this. */
const NARROW = 1_200;

type Dialog = "help" | "palette" | undefined;

function Navigation({ isOpen, onChosen }: { readonly isOpen: boolean; readonly onChosen: () => void }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  return (
    <PageSidebar isSidebarOpen={isOpen}>
      <PageSidebarBody>
        <Nav aria-label={t("app.navigation")}>
          <NavList>
            {NAVIGATION.map((place) => (
              <NavItem key={place.to} isActive={isCurrent(place, location)} onClick={onChosen}>
                <Link href={place.to}>
                  <span className="pf-v6-c-nav__link-icon">
                    <place.icon />
                  </span>
                  <span className="pf-v6-c-nav__link-text">{t(`pages.${place.page}`)}</span>
                </Link>
              </NavItem>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}

/** The frame around every page: where one can go, who one is, and what keys do. */
export function Shell() {
  const { t } = useTranslation();
  const [location, navigate] = useLocation();
  const [dialog, setDialog] = useState<Dialog>();
  const [bindings, setBindings] = useState<ReadonlyMap<string, () => void>>(new Map());
  const [isNarrow, setNarrow] = useState(() => innerWidth < NARROW);
  const [isOpen, setOpen] = useState(() => innerWidth >= NARROW && localStorage.getItem(KEPT) !== "closed");
  const here = NAVIGATION.find((place) => isCurrent(place, location));
  const title = here === undefined ? "Vedette" : `${t(`pages.${here.page}`)} – Vedette`;
  useEffect(() => {
    document.title = title;
  }, [title]);

  useEffect(() => {
    // one that is away now is loaded when it is asked for
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), SOON_MS);
    return () => clearTimeout(timer);
  }, []);

  // what they are is asked when a dialog opens: behind it no key means anything
  const open = (next: Dialog) => {
    setBindings(activeBindings());
    setDialog(next);
  };
  useKeys({
    ...Object.fromEntries(NAVIGATION.map(({ key, to }) => [key, () => navigate(to)])),
    "?": () => open("help"),
    "Ctrl-K": () => open("palette"),
  });
  const toggle = () => {
    setOpen(!isOpen);
    if (!isNarrow) {
      localStorage.setItem(KEPT, isOpen ? "closed" : "open");
    }
  };
  const actions = [
    ...THEMES.map((of) => ({ name: `${t("app.theme")}: ${t(`app.themes.${of}`)}`, act: () => setTheme(of) })),
    ...(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]).map((of) => ({
      name: `${t("app.language")}: ${LANGUAGES[of]}`,
      act: () => void setLanguage(of),
    })),
    { name: t("app.signOut"), act: signOut },
  ];
  const close = () => setDialog(undefined);

  return (
    <Page
      masthead={
        <Masthead>
          <MastheadMain>
            <MastheadToggle>
              <PageToggleButton isHamburgerButton isSidebarOpen={isOpen} aria-label={t("app.navigation")} onSidebarToggle={toggle} />
            </MastheadToggle>
            <MastheadBrand>
              <Link href="/" className="brand">
                <img src="/icon.svg" alt="" width="24" height="24" /> Vedette
              </Link>
            </MastheadBrand>
          </MastheadMain>
          <MastheadContent className="header-actions">
            <Button variant="secondary" size="sm" className="open-palette" onClick={() => open("palette")}>
              <span className="palette-label">
                <span className="wide-only">{t("app.palette")}</span> <kbd>Ctrl-K</kbd>
              </span>
            </Button>
            <UserMenu onHelp={() => open("help")} />
          </MastheadContent>
        </Masthead>
      }
      sidebar={<Navigation isOpen={isOpen} onChosen={() => isNarrow && setOpen(false)} />}
      onPageResize={(_, { windowSize }: { readonly windowSize: number }) => {
        if (windowSize < NARROW !== isNarrow) {
          setNarrow(windowSize < NARROW);
          setOpen(windowSize >= NARROW && localStorage.getItem(KEPT) !== "closed");
        }
      }}
      mainContainerId="content"
      skipToContent={<SkipToContent href="#content">{t("app.skip")}</SkipToContent>}
    >
      <Away />
      <PageBoundary key={location}>
        <Suspense
          fallback={
            <PageSection>
              <Spinner aria-label={t("app.loading")} />
            </PageSection>
          }
        >
          <Switch>
            {ROUTES.map(({ path, show }) => (
              <Route key={path} path={path}>
                {(rest: DefaultParams) => show(rest["*"] ?? "")}
              </Route>
            ))}
          </Switch>
        </Suspense>
      </PageBoundary>
      <Suspense>
        {dialog === "help" && <KeyboardHelp keys={[...bindings.keys()]} onClose={close} />}
        {dialog === "palette" && <CommandPalette bindings={bindings} actions={actions} onClose={close} />}
      </Suspense>
    </Page>
  );
}
