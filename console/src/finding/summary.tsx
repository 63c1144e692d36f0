import { Grid, GridItem } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { Finding, FindingResult, Process } from "../api/finding";
import { Command } from "../parts/copy";
import { Inert } from "../parts/inert";
import { When } from "../parts/when";
import { en } from "../messages/en";
import { isKnown } from "../text/known";
import { shorten } from "../text/shorten";
import { Arguments, isSocat } from "./arguments";
import { Fact, Facts, Panel, textOf, Words } from "./facts";
import { Related } from "./related";
import { steps } from "./steps";

function listOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? value : [];
}

function ArgumentsOf({ process, finding }: { readonly process: Process; readonly finding: Finding }) {
  return (
    <Arguments
      args={listOf(process.args)}
      program={process.binary?.path}
      isTruncated={process.argumentsTruncated === true}
      isKnownSocat={isSocat(process, finding)}
    />
  );
}

/** The fields of the published playbook, under the published names. */
function Detected({ finding }: { readonly finding: Finding }) {
  const { t } = useTranslation();
  const [process, ...others] = listOf(finding.processes);
  const user = process?.userId;
  return (
    <Panel title={t("finding.detected")}>
      <Facts>
        <Words
          term={t("finding.binary")}
          text={process?.binary?.path ?? textOf(finding.sourceProperties?.["Process_Binary_Fullpath"])}
        />
        <Fact term={t("finding.arguments")}>
          {process === undefined ? t("finding.unknown") : <ArgumentsOf process={process} finding={finding} />}
        </Fact>
        {others.slice(0, 4).map((other, index) => (
          <Fact key={index} term={t("finding.argumentsOf", { name: shorten(other.name ?? other.pid ?? "", 40) })}>
            <ArgumentsOf process={other} finding={finding} />
          </Fact>
        ))}
        {user !== undefined && <Fact term={t("finding.user")}>{user === "0" ? t("finding.root") : <Inert text={user} />}</Fact>}
        <Words term={t("finding.directory")} text={finding.vedette?.process?.workingDirectory} />
        <Fact term={t("finding.eventTime")}>
          <When time={finding.eventTime} />
        </Fact>
      </Facts>
    </Panel>
  );
}

function Affected({ result: { finding, resource } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const pod = listOf(finding.kubernetes?.pods)[0];
  const container = listOf(finding.containers)[0] ?? listOf(pod?.containers)[0];
  const said = (key: string) => textOf(finding.sourceProperties?.[key]);
  return (
    <Panel title={t("finding.affected")}>
      <Facts>
        <Words term={t("finding.resourceName")} text={finding.resourceName ?? resource?.name} />
        <Words term={t("finding.resourceDisplayName")} text={resource?.displayName} />
        <Words term={t("finding.project")} text={resource?.gcpMetadata?.projectDisplayName ?? resource?.project_display_name} />
        <Words term={t("finding.node")} text={said("VM_Instance_Name")} />
        <Words term={t("finding.namespace")} text={pod?.ns ?? said("Pod_Namespace")} />
        <Words term={t("finding.pod")} text={pod?.name ?? said("Pod_Name")} />
        <Words term={t("finding.container")} text={container?.name ?? said("Container_Name")} />
        <Words term={t("finding.image")} text={container?.uri ?? said("Container_Image_Uri")} />
        <Words term={t("finding.imageId")} text={container?.imageId ?? said("Container_Image_Id")} />
      </Facts>
    </Panel>
  );
}

function Connected({ finding }: { readonly finding: Finding }) {
  const { t } = useTranslation();
  const session = finding.vedette?.session;
  if (session?.endpoint === undefined) {
    return null;
  }
  const direction = isKnown(en.finding.directions, session.direction) ? session.direction : "unknown";
  return (
    <Panel title={t("finding.connection")}>
      <Facts>
        <Fact term={t("finding.flow")}>
          <Inert text={`${session.endpoint.local ?? "?"} → ${session.endpoint.peer ?? "?"} ${session.endpoint.transport ?? ""}`} />
        </Fact>
        <Fact term={t("finding.direction")}>{t(`finding.directions.${direction}`)}</Fact>
        {session.tls === true && <Fact term={t("finding.encryption")}>TLS</Fact>}
        {session.terminal === true && <Fact term={t("finding.terminal")}>{t("finding.terminalYes")}</Fact>}
        <Fact term={t("finding.session")}>
          {typeof session.ended === "string" ? (
            <>
              {t(session.endedExactly === false ? "finding.sessionOver" : "finding.sessionEnded")} <When time={session.ended} />
            </>
          ) : (
            t("finding.sessionOpen")
          )}
        </Fact>
      </Facts>
    </Panel>
  );
}

function Reasons({ term, said }: { readonly term: string; readonly said: readonly string[] }) {
  return said.length === 0 ? null : (
    <Fact term={term}>
      <ul>
        {said.slice(0, 50).map((reason, index) => (
          <li key={index}>
            <Inert text={reason} />
          </li>
        ))}
      </ul>
    </Fact>
  );
}

/** Why it was taken for an attack, how certain that is, and what else it might be. */
function Why({ finding, rest }: { readonly finding: Finding; readonly rest: string }) {
  const { t } = useTranslation();
  const confidence = finding.vedette?.confidence;
  const coverage = finding.vedette?.coverage;
  const session = finding.vedette?.session;
  const detector = finding.moduleName;
  const benign = isKnown(en.finding.benign, detector) ? t(`finding.benign.${detector}`, { returnObjects: true }) : [];
  const kinds = ["seen", "inferred", "missing"] as const;
  return (
    <Panel title={t("finding.why")}>
      {rest !== "" && (
        <p>
          <Inert text={rest} />
        </p>
      )}
      <Facts>
        <Reasons term={t("finding.reasons")} said={listOf(session?.reasons)} />
        {session?.recognisedBy !== undefined && (
          <Fact term={t("finding.recognisedBy")}>
            <Inert text={session.recognisedBy} />
          </Fact>
        )}
        {confidence?.level !== undefined && (
          <Fact term={t("finding.confidence")}>
            {isKnown(en.finding.levels, confidence.level) ? (
              t(`finding.levels.${confidence.level}`)
            ) : (
              <Inert text={confidence.level} limit={40} />
            )}
          </Fact>
        )}
        {kinds.map((kind) => (
          <Reasons key={kind} term={t(`finding.${kind}`)} said={listOf(confidence?.[kind])} />
        ))}
        <Reasons term={t("finding.benignTerm")} said={benign} />
        {coverage !== undefined && (
          <Fact term={t("finding.coverage")}>
            <Inert
              text={
                coverage.complete === true
                  ? t("finding.complete", { from: coverage.from ?? "", to: coverage.to ?? "" })
                  : t("finding.incomplete", {
                      what: Object.entries(coverage.lost ?? {})
                        .map(([kind, count]) => `${kind} ${count}`)
                        .join(", "),
                    })
              }
            />
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}

function NextSteps({ finding }: { readonly finding: Finding }) {
  const { t } = useTranslation();
  const told = finding.nextSteps ?? "";
  const found = steps(told);
  if (told === "") {
    return null;
  }
  return (
    <Panel title={t("finding.nextSteps")}>
      {found.length === 0 ? (
        <Inert text={told} />
      ) : (
        <ol className="steps">
          {found.map((step, index) => (
            <li key={index}>
              <Inert text={step.title} />
              {step.lines.map((line, at) => (
                <div key={at}>{line.isCommand ? <Command text={line.text} /> : <Inert text={line.text} />}</div>
              ))}
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

/** What happened, where, and what to do. `rest` is what the description says after the headline. */
export function SummaryTab({ result, rest }: { readonly result: FindingResult; readonly rest: string }) {
  const { finding } = result;
  return (
    <Grid hasGutter className="summary">
      <GridItem span={12} xl={8}>
        <Grid hasGutter>
          <GridItem span={12} lg={6}>
            <Detected finding={finding} />
            <Connected finding={finding} />
          </GridItem>
          <GridItem span={12} lg={6}>
            <Affected result={result} />
            <Related finding={finding} />
          </GridItem>
        </Grid>
        <Why finding={finding} rest={rest} />
      </GridItem>
      <GridItem span={12} xl={4}>
        <NextSteps finding={finding} />
      </GridItem>
    </Grid>
  );
}
