import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Grid,
  GridItem,
} from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { around } from "../api/findings";
import type { FindingResult } from "../api/finding";
import { Command, Copy } from "../parts/copy";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { When } from "../parts/when";
import type { Messages } from "../messages/en";
import { Arguments } from "./arguments";
import { steps } from "./steps";

/** Findings of the same container this many minutes before and after belong to the picture. */
const AROUND = 15;

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

/** A fact that is hostile text, with a button that copies it as it was. */
function Words({ term, text }: { readonly term: string; readonly text: string | undefined }) {
  return text === undefined || text === "" ? null : (
    <Fact term={term}>
      <Inert text={text} /> <Copy text={text} what={term} />
    </Fact>
  );
}

function Panel({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Card isCompact>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>{children}</CardBody>
    </Card>
  );
}

function Facts({ children }: { readonly children: ReactNode }) {
  return (
    <DescriptionList isHorizontal isCompact>
      {children}
    </DescriptionList>
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function Detected({ result: { finding } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const [process] = finding.processes ?? [];
  const user = process?.userId;
  return (
    <Panel title={t("finding.detected")}>
      <Facts>
        <Words term={t("finding.binary")} text={process?.binary?.path ?? text(finding.sourceProperties?.["Process_Binary_Fullpath"])} />
        <Fact term={t("finding.arguments")}>
          <Arguments args={process?.args ?? []} />
        </Fact>
        {(finding.processes ?? []).slice(1).map((other, index) => (
          <Fact key={index} term={other.name ?? ""}>
            <Arguments args={other.args ?? []} />
          </Fact>
        ))}
        <Words term={t("finding.directory")} text={finding.vedette?.process?.workingDirectory} />
        {user !== undefined && <Fact term={t("finding.user")}>{user === "0" ? t("finding.root") : user}</Fact>}
        <Fact term={t("findings.time")}>
          <When time={finding.eventTime} />
        </Fact>
      </Facts>
    </Panel>
  );
}

function Affected({ result: { finding, resource } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const pod = finding.kubernetes?.pods?.[0];
  const container = finding.containers?.[0] ?? pod?.containers?.[0];
  return (
    <Panel title={t("finding.affected")}>
      <Facts>
        <Words term={t("finding.resourceName")} text={finding.resourceName ?? resource?.name} />
        <Words term={t("finding.resourceDisplayName")} text={resource?.displayName} />
        <Words term={t("finding.project")} text={resource?.gcpMetadata?.projectDisplayName} />
        <Words term={t("finding.node")} text={text(finding.sourceProperties?.["VM_Instance_Name"])} />
        <Words term={t("finding.namespace")} text={pod?.ns} />
        <Words term={t("finding.pod")} text={pod?.name} />
        <Words term={t("finding.container")} text={container?.name} />
        <Words term={t("finding.image")} text={container?.uri} />
      </Facts>
    </Panel>
  );
}

function Connected({ result: { finding } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const session = finding.vedette?.session;
  if (session?.endpoint === undefined) {
    return null;
  }
  const direction = (session.direction ?? "unknown") as keyof Messages["finding"]["directions"];
  return (
    <Panel title={t("finding.connection")}>
      <Facts>
        <Fact term={t("finding.flow")}>
          <Inert text={`${session.endpoint.local ?? "?"} → ${session.endpoint.peer ?? "?"} ${session.endpoint.transport ?? ""}`} />
        </Fact>
        <Fact term={t("finding.direction")}>{t(`finding.directions.${direction}`)}</Fact>
        <Fact term={t("finding.session")}>
          {typeof session.ended === "string"
            ? t("finding.sessionEnded", { time: session.ended })
            : t("finding.sessionOpen")}
        </Fact>
      </Facts>
    </Panel>
  );
}

function Sure({ result: { finding } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const confidence = finding.vedette?.confidence;
  const coverage = finding.vedette?.coverage;
  if (confidence === undefined) {
    return null;
  }
  return (
    <Panel title={t("finding.sure")}>
      <Facts>
        <Fact term={t("finding.confidence")}>{confidence.level}</Fact>
        {(["seen", "inferred", "missing"] as const).map((kind) => {
          const said = confidence[kind] ?? [];
          return said.length === 0 ? null : (
            <Fact key={kind} term={t(`finding.${kind}`)}>
              <ul>
                {said.map((reason, index) => (
                  <li key={index}>
                    <Inert text={reason} />
                  </li>
                ))}
              </ul>
            </Fact>
          );
        })}
        {coverage !== undefined && (
          <Fact term={t("finding.coverage")}>
            {coverage.complete === true
              ? t("finding.complete", { from: coverage.from ?? "", to: coverage.to ?? "" })
              : t("finding.incomplete", { what: JSON.stringify(coverage.lost ?? {}) })}
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}

function Related({ result: { finding } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const container = text(finding.sourceProperties?.["Container_Id"]) ?? "";
  const { data } = useQuery(around(container, finding.eventTime ?? "", AROUND));
  if (data === undefined) {
    return null;
  }
  const others = data.results.filter((other) => other.finding.name !== finding.name);
  return (
    <Panel title={t("finding.related")}>
      <p>{others.length === 0 ? t("finding.relatedNone") : t("finding.relatedSome", { count: others.length })}</p>
      <ul>
        {others.map((other) => (
          <li key={other.finding.name}>
            <SeverityMark severity={other.finding.severity} />{" "}
            <Link href={`/finding/${other.finding.name ?? ""}`}>
              <Inert text={other.finding.category ?? ""} limit={120} />
            </Link>{" "}
            <When time={other.finding.eventTime} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function NextSteps({ result: { finding } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  return (
    <Panel title={t("finding.nextSteps")}>
      <ol className="steps">
        {steps(finding.nextSteps ?? "").map((step, index) => (
          <li key={index}>
            <Inert text={step.title} />
            {step.lines.map((line, at) => (
              <div key={at}>{line.isCommand ? <Command text={line.text} /> : <Inert text={line.text} />}</div>
            ))}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** What happened, where, and what to do, on one screen. */
export function SummaryTab({ result }: { readonly result: FindingResult }) {
  return (
    <Grid hasGutter className="summary">
      <GridItem span={12} xl={7}>
        <Detected result={result} />
        <Affected result={result} />
        <Connected result={result} />
        <Related result={result} />
        <Sure result={result} />
      </GridItem>
      <GridItem span={12} xl={5}>
        <NextSteps result={result} />
      </GridItem>
    </Grid>
  );
}
