import { Suspense, useEffect, useState } from "react";
import { PageSection, Spinner, Tab, Tabs, TabTitleText } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useSearchParams } from "wouter";
import type { FindingResult } from "../api/finding";
import { PartBoundary } from "../parts/boundary";
import { useKeys } from "../parts/use_keys";
import { shorten } from "../text/shorten";
import { FindingActions, opposite, titleOf, type Dialog, type Done } from "./actions";
import { show } from "./equivalents";
import "./finding.css";
import { goBack } from "./go_back";
import { Head } from "./head";
import { factsOf, sentence, told } from "./sentence";
import { TABS } from "./tabs";
import { useChanges } from "./use_changes";

export function FindingView({ name, result }: { readonly name: string; readonly result: FindingResult }) {
  const { t, i18n } = useTranslation();
  const [, navigate] = useLocation();
  const [search, setSearch] = useSearchParams();
  const [dialog, setDialog] = useState<Dialog>();
  const [done, setDone] = useState<Done>();
  const [said, say] = useState("");
  const changes = useChanges(name);
  const { finding } = result;
  const { first, rest } = told(finding.description ?? "");
  // the sensor writes English
  const facts = i18n.language === "en" ? undefined : factsOf(result);
  const headline = facts === undefined ? first : sentence(t, facts);
  const asked = search.get("tab");
  const tab = TABS.find(({ key }) => key === asked)?.key ?? "summary";
  const open = (key: string) => setSearch({ tab: key }, { replace: true });
  const copy = async (text: string, what: string) => {
    await navigator.clipboard.writeText(text);
    say(`${t("app.copied")}: ${what}`);
    setTimeout(() => say(""), 3_000);
  };

  const title = shorten(finding.category ?? "", 80);
  useEffect(() => {
    document.title = `${title} – Vedette`;
    return () => {
      document.title = "Vedette";
    };
  }, [title]);

  useKeys({
    ...Object.fromEntries(TABS.map(({ key }, index) => [String(index + 1), () => open(key)])),
    e: () => open("evidence"),
    m: () => {
      const { to, back } = opposite(finding, "mute");
      changes.mutate(to, { onSuccess: () => setDone({ title: t(titleOf(to)), undo: back }) });
    },
    y: () => void copy(location.href, t("finding.link")),
    c: () => void copy(show(location.origin, name).vedette ?? "", t("finding.command")),
    Escape: () => goBack(navigate),
  });

  return (
    <>
      <PageSection className="finding-head">
        <div className="finding-top">
          <Link href="/findings">{t("finding.back")}</Link>
          <FindingActions
            name={name}
            finding={finding}
            changes={changes}
            dialog={dialog}
            onDialog={(to) => {
              changes.reset();
              setDialog(to);
            }}
            done={done}
            onDone={setDone}
          />
        </div>
        <PartBoundary title={t("finding.cannotShow")}>
          <Head result={result} sentence={headline === "" ? t("finding.noDescription") : headline} />
        </PartBoundary>
        <p role="status" className={said === "" ? "visually-hidden" : "said"}>
          {said}
        </p>
      </PageSection>
      <PageSection className="finding-body">
        <Tabs activeKey={tab} onSelect={(_, key) => open(String(key))} aria-label={t("finding.tabsLabel")}>
          {TABS.map(({ key, Content }, index) => (
            <Tab
              key={key}
              eventKey={key}
              title={<TabTitleText>{t(`finding.tabs.${key}`)}</TabTitleText>}
              aria-keyshortcuts={String(index + 1)}
            >
              {key === tab && (
                <PartBoundary title={t("finding.cannotShow")}>
                  <Suspense fallback={<Spinner aria-label={t("app.loading")} />}>
                    <Content result={result} rest={rest} />
                  </Suspense>
                </PartBoundary>
              )}
            </Tab>
          ))}
        </Tabs>
      </PageSection>
    </>
  );
}
