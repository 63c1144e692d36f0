import "./now.css";
import { useEffect, useState } from "react";
import { Alert, Button, Card, CardBody, CardHeader, CardTitle, EmptyState, EmptyStateBody, PageSection, Spinner, Title } from "@patternfly/react-core";
import { CheckCircleIcon, ExclamationTriangleIcon } from "@patternfly/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { changedFilters, changedSince, openFindings } from "../api/overview";
import { sensors, type Sensor } from "../api/sensors";
import { INITIAL, write } from "../findings/address";
import { quoted } from "../text/quoted";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { When } from "../parts/when";
import { utc } from "../text/time";
import { coverage, lostBy, type Coverage } from "./coverage";
import { incidents, type Incident } from "./incidents";
import { before, leave, saw } from "./visit";

/** Categories named on a card beside the worst. */
const NAMED = 4;
/** Cards before more are asked for. */
const CARDS = 30;
const SENTENCE = 400;

/** The list with the findings of an incident. */
function listOf({ place, first, last }: Incident): string {
  const filter = place.filter.filter(([, value]) => value !== "").map(([field, value]) => `${field}=${quoted(value)}`);
  // the end of a range is not in it
  const to = new Date(Date.parse(last) + 1_000).toISOString();
  return `/findings?${write({ ...INITIAL, filter: filter.join(" AND "), range: "custom", from: first, to })}`;
}

function listOfFilter(filter: string): string {
  return `/findings?${write({ ...INITIAL, state: "", range: "all", filter })}`;
}

function IncidentCard({ incident }: { readonly incident: Incident }) {
  const { t } = useTranslation();
  const { worst, rows, place, categories } = incident;
  const sentence = worst.description.split("\n")[0] ?? "";
  const isOne = rows.length === 1;
  return (
    <Card component="article" isCompact className={`incident incident-${worst.severity.toLowerCase()}`}>
      <CardHeader>
        <CardTitle component="h3">
          <SeverityMark severity={worst.severity} />{" "}
          <Link href={`/finding/${worst.name}`}>
            <Inert text={worst.category} limit={160} />
          </Link>
        </CardTitle>
      </CardHeader>
      <CardBody>
        {sentence !== "" && (
          <p className="sentence">
            <Inert text={sentence} limit={SENTENCE} />
          </p>
        )}
        <p className="facts">
          <Inert text={t(`now.place.${place.kind}`, { what: place.what })} limit={160} />
          {worst.cluster !== "" && (
            <>
              {" · "}
              <Inert text={t("now.inCluster", { what: worst.cluster })} limit={120} />
            </>
          )}
          {" · "}
          {isOne ? t("now.finding", { count: 1 }) : <Link href={listOf(incident)}>{t("now.finding", { count: rows.length })}</Link>}
          {" · "}
          {isOne ? (
            <When time={incident.last} />
          ) : (
            <>
              {t("now.first")} <When time={incident.first} />, {t("now.last")} <When time={incident.last} />
            </>
          )}
        </p>
        {categories.length > 0 && (
          <p className="facts">
            {t("now.categories")}: <Inert text={categories.slice(0, NAMED).join("; ")} limit={300} />
            {categories.length > NAMED && ` +${categories.length - NAMED}`}
          </p>
        )}
      </CardBody>
    </Card>
  );
}

function Threats({ blind }: { readonly blind: number }) {
  const { t } = useTranslation();
  const open = useQuery(openFindings());
  const [isWhole, setWhole] = useState(false);
  if (open.data === undefined) {
    return open.error === null ? <Spinner aria-label={t("app.loading")} /> : <Alert component="h3" variant="danger" isInline title={open.error.message} />;
  }
  const found = incidents(open.data.rows);
  if (found.length === 0) {
    return (
      <EmptyState headingLevel="h3" titleText={t("now.none")} icon={blind > 0 ? ExclamationTriangleIcon : CheckCircleIcon} status={blind > 0 ? "warning" : "success"}>
        <EmptyStateBody>{t(blind > 0 ? "now.noneBlind" : "now.noneHelp")}</EmptyStateBody>
      </EmptyState>
    );
  }
  const shown = isWhole ? found : found.slice(0, CARDS);
  return (
    <>
      {open.data.isPartial && <p>{t("now.partial", { count: open.data.rows.length })}</p>}
      {shown.map((incident) => (
        <IncidentCard key={incident.key} incident={incident} />
      ))}
      {shown.length < found.length && (
        <Button variant="link" onClick={() => setWhole(true)}>
          {t("findings.moreValues", { count: found.length - shown.length })}
        </Button>
      )}
    </>
  );
}

function CoverageBar({ said }: { readonly said: Coverage }) {
  const { t } = useTranslation();
  const words = [
    said.well === undefined
      ? t("now.nodesUnknown", { count: said.total })
      : t("now.nodes", { well: said.well, count: said.total }),
    t("now.lost", { count: said.lost }),
    said.lag === undefined ? t("now.lagUnknown") : t("now.lag", { seconds: said.lag.toFixed(1) }),
  ].join(", ");
  const share = said.well === undefined || said.total === 0 ? undefined : said.well / said.total;
  return (
    <>
      {share !== undefined && (
        <svg className="coverage" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
          <rect className="all" width="100" height="4" />
          <rect className="well" width={share * 100} height="4" />
        </svg>
      )}
      <p>{words}</p>
    </>
  );
}

function BlindSpot({ sensor }: { readonly sensor: Sensor }) {
  const { t } = useTranslation();
  const state = sensor.state === "SILENT" || sensor.state === "TAMPERED" ? sensor.state : "LOSING";
  const lost = lostBy(sensor);
  return (
    <li>
      <ExclamationTriangleIcon className="warning" />{" "}
      <strong>
        <Inert text={`${sensor.cluster ?? ""}/${sensor.node ?? ""}`} limit={160} />
      </strong>{" "}
      {t(`now.states.${state}`)}
      {lost > 0 && ` · ${t("now.lost", { count: lost })}`}
      {sensor.receivedAt !== undefined && ` · ${t("now.heard", { time: utc(sensor.receivedAt) })}`}
      {sensor.problems?.map(({ problem, advice }) => (
        <p key={`${problem} ${advice}`} className="facts">
          <Inert text={[problem, advice].filter((text) => text !== undefined && text !== "").join(" – ")} limit={SENTENCE} />
        </p>
      ))}
    </li>
  );
}

function Since() {
  const { t } = useTranslation();
  const [since, setSince] = useState(() => before(localStorage, sessionStorage));
  const changed = useQuery(changedSince(since));
  useEffect(() => {
    const hide = () => leave(localStorage, Date.now());
    addEventListener("pagehide", hide);
    return () => {
      removeEventListener("pagehide", hide);
      hide();
    };
  }, []);
  const filters = since === undefined ? undefined : changedFilters(since);
  const counts = changed.data;
  return (
    <Card isCompact>
      <CardTitle component="h2">{t("now.since")}</CardTitle>
      <CardBody>
        {since === undefined ? (
          <p>{t("now.sinceFirst")}</p>
        ) : (
          <p className="facts">
            {t("now.sinceTime", { time: utc(since) })}
          </p>
        )}
        {counts !== undefined && filters !== undefined && (
          <ul className="changes">
            {counts.fresh > 0 && (
              <li>
                <Link href={listOfFilter(filters.fresh)}>{t("now.newOnes", { count: counts.fresh })}</Link>
              </li>
            )}
            {counts.again > 0 && (
              <li>
                <Link href={listOfFilter(filters.again)}>{t("now.again", { count: counts.again })}</Link>
              </li>
            )}
            {counts.fresh + counts.again === 0 && <li>{t("now.unchanged")}</li>}
          </ul>
        )}
        {counts !== undefined && counts.fresh + counts.again > 0 && (
          <Button variant="secondary" size="sm" onClick={() => setSince(saw(localStorage, sessionStorage, Date.now()))}>
            {t("now.seen")}
          </Button>
        )}
      </CardBody>
    </Card>
  );
}

/** What is open now, the worst first, and beside it where nobody looks. */
export function NowPage() {
  const { t } = useTranslation();
  const asked = useQuery(sensors);
  const said = asked.data === undefined ? undefined : coverage(asked.data);
  return (
    <PageSection isFilled hasBodyWrapper={false} className="now-page">
      <Title headingLevel="h1">{t("pages.now")}</Title>
      <div className="now-grid">
        <section aria-label={t("now.threats")} className="threats">
          <Title headingLevel="h2">{t("now.threats")}</Title>
          <Threats blind={said?.blind.length ?? 0} />
        </section>
        <div className="beside">
          <Card isCompact>
            <CardTitle component="h2">{t("now.coverage")}</CardTitle>
            <CardBody>
              {said !== undefined && (said.total === 0 ? <p>{t("now.noSensors")}</p> : <CoverageBar said={said} />)}
              {said === undefined && asked.error === null && <Spinner size="md" aria-label={t("app.loading")} />}
              {asked.error !== null && <p>{t("now.sensorsRefused", { reason: asked.error.message })}</p>}
            </CardBody>
          </Card>
          {said !== undefined && said.total > 0 && (
            <Card isCompact>
              <CardTitle component="h2">{t("now.blind")}</CardTitle>
              <CardBody>
                {said.blind.length === 0 ? (
                  <p>{t("now.noBlind")}</p>
                ) : (
                  <ul className="blind">
                    {said.blind.map((sensor) => (
                      <BlindSpot key={`${sensor.cluster}/${sensor.node}`} sensor={sensor} />
                    ))}
                  </ul>
                )}
              </CardBody>
            </Card>
          )}
          <Since />
        </div>
      </div>
    </PageSection>
  );
}
