import { useRef } from "react";
import { Button, PageSection, SearchInput, Spinner, Tab, Tabs, TabTitleText, Title } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import { lostOf, sensors, type Sensor } from "../api/sensors";
import { CommandPanel } from "../parts/command_panel";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { Mark } from "../parts/mark";
import { Markdown } from "../parts/markdown";
import { PagedTable } from "../parts/paged_table";
import { useKeys } from "../parts/use_keys";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { RevokedCertificates } from "./certificates";
import { coverageOf, idOf, MARKS, matching, sorted, stateOf } from "./coverage";
import { SensorDetail } from "./detail";
import { CoverageSummary } from "./summary";
import "../app/administration.css";

interface Listed {
  readonly all: readonly Sensor[];
  readonly filter: string;
  readonly selected: string | undefined;
  readonly onChange: (change: Readonly<Record<string, string>>) => void;
}

function SensorsList({ all, filter, selected, onChange }: Listed) {
  const { t, i18n } = useTranslation();
  const box = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => box.current?.focus() });
  const rows = sorted(matching(all, filter, (state) => t(`sensors.states.${state}`)));
  const detail = all.find((sensor) => idOf(sensor) === selected);
  const text = (value: string | undefined) => (value === undefined ? t("parts.notKnown") : <Inert text={value} limit={80} />);
  const number = (value: number | undefined) =>
    value === undefined ? t("parts.notKnown") : <span className="number">{value.toLocaleString(i18n.language, { maximumFractionDigits: 1 })}</span>;
  return (
    <>
      <CoverageSummary coverage={coverageOf(all)} />
      <SearchInput
        ref={box}
        className="filter-box"
        aria-label={t("sensors.filter")}
        placeholder={t("sensors.filterHint")}
        value={filter}
        {...(filter === "" ? {} : { resultsCount: rows.length })}
        onChange={(_, value) => onChange({ filter: value })}
        onClear={() => onChange({ filter: "" })}
      />
      <div className={detail === undefined ? undefined : "with-panel"}>
        <div>
          <PagedTable
            caption={t("pages.sensors")}
            rows={rows}
            idOf={idOf}
            selected={selected}
            empty={t("sensors.noneMatches")}
            columns={[
              {
                title: t("sensors.node"),
                isName: true,
                show: (sensor) => (
                  <>
                    <Button
                      variant="link"
                      isInline
                      id={`sensor-${idOf(sensor)}`}
                      aria-expanded={idOf(sensor) === selected}
                      onClick={() => onChange({ sensor: idOf(sensor) === selected ? "" : idOf(sensor) })}
                    >
                      <Inert text={sensor.node ?? ""} limit={100} />
                    </Button>
                    <br />
                    <span className="small">{text(sensor.cluster)}</span>
                  </>
                ),
              },
              {
                title: t("sensors.state"),
                show: (sensor) => <Mark kind={MARKS[stateOf(sensor)]}>{t(`sensors.states.${stateOf(sensor)}`)}</Mark>,
              },
              { title: t("sensors.kernel"), show: ({ kernel }) => text(kernel) },
              { title: t("sensors.mode"), show: ({ mode }) => text(mode) },
              { title: t("sensors.version"), show: ({ sensorVersion }) => text(sensorVersion) },
              { title: t("sensors.lost"), show: (sensor) => number(lostOf(sensor)) },
              { title: t("sensors.lagIn"), show: ({ lagSeconds }) => number(lagSeconds) },
              { title: t("sensors.heard"), show: ({ receivedAt }) => <When time={receivedAt} /> },
            ]}
          />
        </div>
        {detail !== undefined && <SensorDetail key={selected} sensor={detail} onClose={() => onChange({ sensor: "" })} />}
      </div>
    </>
  );
}

/** Who watches, and where nobody does. */
export function SensorsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") === "certificates" ? "certificates" : "sensors";
  const { data, error, isPending, refetch } = useQuery(sensors);
  const change = (changes: Readonly<Record<string, string>>) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [key, value] of Object.entries(changes)) {
          if (value === "") {
            next.delete(key);
          } else {
            next.set(key, value);
          }
        }
        return next;
      },
      { replace: true },
    );
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t("pages.sensors")}</Title>
      </PageSection>
      <PageSection>
        <Tabs
          activeKey={tab}
          aria-label={t("pages.sensors")}
          onSelect={(_, key) => setSearch(key === "certificates" ? { tab: "certificates" } : {}, { replace: true })}
        >
          {(["sensors", "certificates"] as const).map((key) => (
            <Tab key={key} eventKey={key} title={<TabTitleText>{t(`sensors.tabs.${key}`)}</TabTitleText>}>
              {key === tab && (
                <div className="tab-content">
                  {key === "certificates" && <RevokedCertificates />}
                  {key === "sensors" && isPending && <Spinner aria-label={t("app.loading")} />}
                  {key === "sensors" && <Failure error={error} onRetry={() => void refetch()} />}
                  {key === "sensors" && data?.length === 0 && (
                    <>
                      <p>{t("sensors.none")}</p>
                      <Markdown text={t("sensors.noneAbout")} />
                    </>
                  )}
                  {key === "sensors" && data !== undefined && data.length > 0 && (
                    <SensorsList
                      all={data}
                      filter={search.get("filter") ?? ""}
                      selected={search.get("sensor") ?? undefined}
                      onChange={change}
                    />
                  )}
                  {key === "sensors" && (
                    <CommandPanel
                      commands={[
                        { by: "vedette", text: "vedette sensors list" },
                        { by: "API", text: curl("GET", "/v2/organizations/-/sensors?pageSize=1000") },
                      ]}
                    />
                  )}
                </div>
              )}
            </Tab>
          ))}
        </Tabs>
      </PageSection>
    </>
  );
}
