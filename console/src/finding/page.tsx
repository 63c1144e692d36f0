import { Alert, PageSection, Spinner, Tab, Tabs, TabTitleText, Title } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "wouter";
import { Refused } from "../api/client";
import { finding } from "../api/findings";
import { Copy } from "../parts/copy";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import type { Messages } from "../messages/en";
import { EvidenceTab } from "./evidence";
import { JsonTab } from "./json";
import { SummaryTab } from "./summary";

const TABS = ["summary", "evidence", "json"] as const;

export function FindingPage({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const query = useQuery(finding(name));
  const tab = search.get("tab") ?? "summary";
  if (query.isPending) {
    return (
      <PageSection>
        <Spinner aria-label={t("app.loading")} />
      </PageSection>
    );
  }
  if (query.data === undefined) {
    const isAbsent = query.error instanceof Refused && [403, 404].includes(query.error.status);
    return (
      <PageSection>
        <Alert variant="danger" isInline title={isAbsent ? t("finding.notFound") : query.error?.message} />
        <Link href="/findings">{t("finding.back")}</Link>
      </PageSection>
    );
  }
  const result = query.data;
  const word = <Kind extends "state" | "mute">(kind: Kind, value: string | undefined) =>
    t(`${kind}.${value ?? ""}` as `state.${keyof Messages["state"]}`, { defaultValue: value ?? "" });
  return (
    <>
      <PageSection className="finding-head">
        <Link href="/findings">{t("finding.back")}</Link>
        <Title headingLevel="h1">
          <Inert text={result.finding.category ?? ""} /> <Copy text={location.href} what={t("finding.summary")} />
        </Title>
        <p>
          <SeverityMark severity={result.finding.severity} /> · {word("state", result.finding.state)} ·{" "}
          {word("mute", result.finding.mute)}
        </p>
        <p className="sentence">
          <Inert text={result.finding.description ?? ""} />
        </p>
      </PageSection>
      <PageSection>
        <Tabs activeKey={tab} onSelect={(_, key) => setSearch({ tab: String(key) }, { replace: true })}>
          {TABS.map((key) => (
            <Tab key={key} eventKey={key} title={<TabTitleText>{t(`finding.${key}`)}</TabTitleText>}>
              {key === tab && key === "summary" && <SummaryTab result={result} />}
              {key === tab && key === "evidence" && <EvidenceTab result={result} />}
              {key === tab && key === "json" && <JsonTab result={result} />}
            </Tab>
          ))}
        </Tabs>
      </PageSection>
    </>
  );
}
