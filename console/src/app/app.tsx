import { lazy, Suspense, useState } from "react";
import {
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  Page,
  PageSection,
  SkipToContent,
  Spinner,
} from "@patternfly/react-core";
import { MoonIcon, SunIcon } from "@patternfly/react-icons";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, Redirect, Route, Switch } from "wouter";
import { Refused } from "../api/client";
import { signOut, useSession } from "../api/session";
import { FindingPage } from "../finding/page";
import { Away } from "./away";
import { LANGUAGES, setLanguage } from "./messages";
import { SignIn } from "./sign_in";
import { isDark, setDark } from "./theme";

const NowPage = lazy(async () => ({ default: (await import("../now/page")).NowPage }));
const FindingsPage = lazy(async () => ({ default: (await import("../findings/page")).FindingsPage }));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // what the server refuses, it refuses again; what is away comes back
      retry: (_, error) => !(error instanceof Refused && error.status < 500),
      retryDelay: (attempt) => Math.min(1_000 * 2 ** attempt, 15_000),
      staleTime: 5_000,
    },
  },
});

function Header() {
  const { t, i18n } = useTranslation();
  const [dark, setShown] = useState(isDark);
  const other = i18n.language === "fr" ? "en" : "fr";
  return (
    <Masthead>
      <MastheadMain>
        <MastheadBrand>
          <Link href="/" className="brand">
            <img src="/icon.svg" alt="" width="24" height="24" /> Vedette
          </Link>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent className="header-actions">
        <Button variant="plain" lang={other} onClick={() => void setLanguage(other)}>
          {LANGUAGES[other]}
        </Button>
        <Button
          variant="plain"
          aria-label={`${t("app.theme")}: ${dark ? t("app.light") : t("app.dark")}`}
          icon={dark ? <SunIcon /> : <MoonIcon />}
          onClick={() => {
            setDark(!dark);
            setShown(!dark);
          }}
        />
        <Button variant="plain" onClick={signOut}>
          {t("app.signOut")}
        </Button>
      </MastheadContent>
    </Masthead>
  );
}

function Pages() {
  const { t } = useTranslation();
  return (
    <Page
      masthead={<Header />}
      mainContainerId="content"
      skipToContent={<SkipToContent href="#content">{t("app.skip")}</SkipToContent>}
    >
      <Away />
      <Suspense fallback={<Spinner aria-label={t("app.loading")} />}>
        <Switch>
          <Route path="/" component={NowPage} />
          <Route path="/findings" component={FindingsPage} />
          <Route path="/finding/*?">{({ "*": name }) => <FindingPage name={name ?? ""} />}</Route>
          <Route>
            <Redirect to="/" replace />
          </Route>
        </Switch>
      </Suspense>
    </Page>
  );
}

export function App() {
  const session = useSession();
  return (
    <QueryClientProvider client={queries}>
      {session.token === undefined ? (
        <Page>
          <PageSection>
            <SignIn hasEnded={session.hasEnded} />
          </PageSection>
        </Page>
      ) : (
        <Pages />
      )}
    </QueryClientProvider>
  );
}
