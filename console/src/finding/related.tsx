import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Finding, FindingResult } from "../api/finding";
import { around } from "../api/findings";
import { Command } from "../parts/copy";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { When } from "../parts/when";
import { vedette } from "./equivalents";
import { Panel, textOf } from "./facts";

/** Findings of the same container this many minutes before and after belong to the picture. */
export const AROUND = 15;
export const RELATED = "related";
/** More are not listed here, only counted. */
const LISTED = 20;

export function containerOf(finding: Finding): string | undefined {
  return textOf(finding.sourceProperties?.["Container_Id"]) ?? finding.vedette?.container?.id;
}

export function othersOf(finding: Finding, results: readonly FindingResult[]): FindingResult[] {
  return results.filter((other) => other.finding.name !== finding.name);
}

/** How many others there are, `undefined` while that is not known; the server counts those beyond the first page, too. */
export function useRelated(finding: Finding) {
  const container = containerOf(finding);
  const { data, isError } = useQuery(around(container ?? "", finding.eventTime ?? "", AROUND));
  const others = othersOf(finding, data?.results ?? []);
  const more = (data?.total ?? 0) - (data?.results.length ?? 0);
  return {
    container,
    others,
    count: data === undefined ? undefined : others.length + Math.max(0, more),
    isError,
  };
}

function edge(time: string | undefined, minutes: number): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? "" : new Date(at + minutes * 60_000).toISOString();
}

/** What else happened in this container at about the same time, and what that means. */
export function Related({ finding }: { readonly finding: Finding }) {
  const { t } = useTranslation();
  const { container, others, count, isError } = useRelated(finding);
  if (container === undefined) {
    return (
      <Panel title={t("finding.related")} id={RELATED}>
        <p>{t("finding.relatedNoContainer")}</p>
      </Panel>
    );
  }
  const words = ["--since", edge(finding.eventTime, -AROUND), "--until", edge(finding.eventTime, AROUND)];
  return (
    <Panel title={t("finding.related")} id={RELATED}>
      {count === undefined ? (
        <p>{isError ? t("finding.relatedUnknown") : t("app.loading")}</p>
      ) : (
        <p>{count === 0 ? t("finding.relatedNone") : t("finding.relatedSome", { count })}</p>
      )}
      <ul className="related">
        {others.slice(0, LISTED).map((other) => (
          <li key={other.finding.name}>
            <SeverityMark severity={other.finding.severity} />{" "}
            <Link href={`/finding/${other.finding.name ?? ""}`}>
              <Inert text={other.finding.category ?? ""} limit={120} />
            </Link>{" "}
            <When time={other.finding.eventTime} />
          </li>
        ))}
      </ul>
      <Command text={vedette(location.origin, "list", "--container", container, ...words)} />
    </Panel>
  );
}
