import { Alert, PageSection, Spinner, Tab, Tabs, TabTitleText, Title } from "@patternfly/react-core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import { configuration, organizationOf } from "../api/configuration";
import { catalogue, EVERYTHING, switchesAt, type Detector } from "../api/detectors";
import { groups } from "../api/list";
import { sensors } from "../api/sensors";
import { isPlace, placesOf } from "../api/places";
import { Failure } from "../parts/failure";
import { PlaceBox } from "../parts/place_box";
import { Bench } from "./bench";
import { DetectorDetail } from "./detail";
import { DetectorsList } from "./list";
import { chainOf } from "./places";
import "../app/administration.css";

function Catalogue() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const asked = search.get("place") ?? EVERYTHING;
  const place = isPlace(asked) ? asked : EVERYTHING;
  const selected = search.get("module") ?? undefined;
  const configured = useQuery(configuration);
  const organization = organizationOf(configured.data);
  const { data: heard } = useQuery(sensors);
  const known = useQuery(catalogue);
  const chain = chainOf(place, organization);
  const read = useQueries({ queries: chain.map(switchesAt) });
  const settings = read.map(({ data }) => data);
  const here = read[0];
  const counted = useQuery(groups("", "category"));
  const counts = counted.data === undefined ? undefined : new Map(counted.data.map(({ value, count }) => [value, String(count)]));
  const modules = here?.data === undefined ? [] : [...here.data.modules.keys()];
  const listed: readonly Detector[] = [
    ...(known.data ?? []),
    ...modules.filter((module) => !known.data?.some((detector) => detector.module === module)).map((module) => ({ module })),
  ];
  const become = (change: Readonly<Record<string, string | undefined>>) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [key, value] of Object.entries(change)) {
          if (value === undefined) {
            next.delete(key);
          } else {
            next.set(key, value);
          }
        }
        return next;
      },
      { replace: true },
    );
  const detail = listed.find(({ module }) => module === selected);
  return (
    <>
      <PlaceBox
        key={place}
        label={t("detectors.place")}
        help={t("detectors.placeHelp")}
        wrong={t("detectors.placeWrong")}
        value={place}
        known={placesOf(heard ?? [], organization)}
        isPlace={isPlace}
        onChoose={(next) => become({ place: next === EVERYTHING ? undefined : next })}
      />
      {here?.data?.service.holds === "DISABLED" && <Alert component="p" variant="warning" isInline title={t("detectors.allOff")} />}
      <Failure error={here?.error ?? null} />
      {known.error !== null && <Alert component="p" variant="info" isInline isPlain title={t("detectors.namesOnly")} />}
      {known.isPending || here?.isPending === true ? (
        <Spinner aria-label={t("app.loading")} />
      ) : (
        <div className={detail === undefined ? undefined : "with-panel"}>
          <div>
            <DetectorsList
              detectors={listed}
              chain={chain}
              settings={settings}
              counts={counts}
              selected={selected}
              onSelect={(module) => become({ module: module === selected ? undefined : module })}
            />
          </div>
          {detail !== undefined && (
            <DetectorDetail
              detector={detail}
              place={place}
              chain={chain}
              settings={settings}
              count={counts === undefined ? undefined : (counts.get(detail.category ?? "") ?? "0")}
              onClose={() => become({ module: undefined })}
            />
          )}
        </div>
      )}
    </>
  );
}

/** What is detected, where it is on, what it costs, and what it would say. */
export function DetectorsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") === "bench" ? "bench" : "catalogue";
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t("pages.detectors")}</Title>
        <p>{t("detectors.about")}</p>
      </PageSection>
      <PageSection>
        <Tabs
          activeKey={tab}
          aria-label={t("pages.detectors")}
          onSelect={(_, key) => setSearch(key === "bench" ? { tab: "bench" } : {}, { replace: true })}
        >
          {(["catalogue", "bench"] as const).map((key) => (
            <Tab key={key} eventKey={key} title={<TabTitleText>{t(`detectors.tabs.${key}`)}</TabTitleText>}>
              {key === tab && <div className="tab-content">{key === "bench" ? <Bench /> : <Catalogue />}</div>}
            </Tab>
          ))}
        </Tabs>
      </PageSection>
    </>
  );
}
