import type { ComponentType } from "react";
import { PageSection, Tab, Tabs, TabTitleText, Title } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import { useKeys } from "../parts/use_keys";
import { AccessTab } from "./access";
import { AuditTab } from "./audit";
import { MutesTab } from "./mutes";
import { OutputsTab } from "./outputs";
import { RedactionTab, RetentionTab, ServerTab } from "./server";
import "../app/administration.css";

const TABS = ["outputs", "mutes", "access", "audit", "retention", "redaction", "server"] as const;
type SettingsTab = (typeof TABS)[number];

const CONTENT: Readonly<Record<SettingsTab, ComponentType>> = {
  outputs: OutputsTab,
  mutes: MutesTab,
  access: AccessTab,
  audit: AuditTab,
  retention: RetentionTab,
  redaction: RedactionTab,
  server: ServerTab,
};

/** Where findings go, what is hidden, who may do what, who did what, and what the server is set to. */
export function SettingsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const asked = search.get("tab");
  const tab = TABS.find((known) => known === asked) ?? "outputs";
  const show = (next: SettingsTab) => setSearch(next === "outputs" ? {} : { tab: next }, { replace: true });
  useKeys(Object.fromEntries(TABS.slice(0, 6).map((of, index) => [String(index + 1), () => show(of)])));
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t("pages.settings")}</Title>
      </PageSection>
      <PageSection>
        <Tabs activeKey={tab} aria-label={t("pages.settings")} onSelect={(_, key) => show(key as SettingsTab)}>
          {TABS.map((of) => {
            const Content = CONTENT[of];
            return (
              <Tab key={of} eventKey={of} title={<TabTitleText>{t(`settings.tabs.${of}`)}</TabTitleText>}>
                {of === tab && (
                  <div className="tab-content">
                    <Content />
                  </div>
                )}
              </Tab>
            );
          })}
        </Tabs>
      </PageSection>
    </>
  );
}
