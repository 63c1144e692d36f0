import { Title } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { FindingResult } from "../api/finding";
import { Copy } from "../parts/copy";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { When } from "../parts/when";
import { en } from "../messages/en";
import { isKnown } from "../text/known";
import { RELATED, useRelated } from "./related";

function Related({ result: { finding } }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const { container, count, isError } = useRelated(finding);
  if (container === undefined || isError) {
    return <>{t("finding.relatedNotKnown")}</>;
  }
  if (count === undefined) {
    return <>…</>;
  }
  const show = () => {
    const panel = document.getElementById(RELATED);
    panel?.scrollIntoView({ block: "start" });
    panel?.focus({ preventScroll: true });
  };
  return (
    <Link href="?tab=summary" onClick={() => setTimeout(show)} replace>
      {t("finding.relatedCount", { count })}
    </Link>
  );
}

function peerOf({ finding }: FindingResult): string | undefined {
  const [connection] = finding.connections ?? [];
  return (
    finding.vedette?.session?.endpoint?.peer ??
    (connection?.destinationIp === undefined
      ? undefined
      : `${connection.destinationIp}${connection.destinationPort === undefined ? "" : `:${connection.destinationPort}`}`)
  );
}

/** What is to be understood in five seconds: who, what, where, to whom, how sure. */
export function Head({ result, sentence }: { readonly result: FindingResult; readonly sentence: string }) {
  const { t } = useTranslation();
  const { finding } = result;
  const peer = peerOf(result);
  const level = finding.vedette?.confidence?.level;
  const marks = Object.entries(finding.securityMarks?.marks ?? {});
  const systems = Object.entries(finding.externalSystems ?? {});
  return (
    <>
      <Title headingLevel="h1" size="md">
        <Inert text={finding.category ?? ""} limit={300} /> <Copy text={location.href} what={t("finding.link")} />
      </Title>
      <p className="sentence">
        <Inert text={sentence} limit={320} />
      </p>
      <dl className="key-facts">
        <div>
          <dt>{t("finding.severity")}</dt>
          <dd>
            <SeverityMark severity={finding.severity} />
          </dd>
        </div>
        <div>
          <dt>{t("finding.state")}</dt>
          <dd>
            {isKnown(en.state, finding.state) ? t(`state.${finding.state}`) : t("state.STATE_UNSPECIFIED")} ·{" "}
            {isKnown(en.mute, finding.mute) ? t(`mute.${finding.mute}`) : t("mute.MUTE_UNSPECIFIED")}
          </dd>
        </div>
        <div>
          <dt>{t("finding.peer")}</dt>
          <dd>{peer === undefined ? t("finding.unknown") : <Inert text={peer} limit={120} />}</dd>
        </div>
        <div>
          <dt>{t("finding.confidence")}</dt>
          <dd>{isKnown(en.finding.levels, level) ? t(`finding.levels.${level}`) : t("finding.unknown")}</dd>
        </div>
        <div>
          <dt>{t("finding.related")}</dt>
          <dd>
            <Related result={result} />
          </dd>
        </div>
        <div>
          <dt>{t("finding.eventTime")}</dt>
          <dd>
            <When time={finding.eventTime} />
          </dd>
        </div>
        {marks.length > 0 && (
          <div>
            <dt>{t("finding.marks")}</dt>
            <dd>
              <Inert text={marks.map(([key, value]) => `${key}=${value.slice(0, 200)}`).join(", ")} limit={160} />
            </dd>
          </div>
        )}
        {systems.length > 0 && (
          <div>
            <dt>{t("finding.external")}</dt>
            <dd>
              <Inert
                text={systems
                  .map(([key, { externalUid = "", status = "" }]) => [key, externalUid, status].filter(Boolean).join(" "))
                  .join(", ")}
                limit={160}
              />
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}
