import { Button } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Detector, Switches } from "../api/detectors";
import { newestOf } from "../api/findings";
import { Inert } from "../parts/inert";
import { Mark } from "../parts/mark";
import { PagedTable } from "../parts/paged_table";
import { SeverityMark } from "../parts/severity";
import { When } from "../parts/when";
import { write, INITIAL } from "../findings/address";
import { quoted } from "../text/quoted";
import { fromWhere, type From } from "./places";

export function FromWords({ from }: { readonly from: From }) {
  const { t } = useTranslation();
  return from.kind === "place" ? (
    <>
      {t("detectors.from.place")} <code>{from.place}</code>
    </>
  ) : (
    t(`detectors.from.${from.kind}`)
  );
}

export function StateMark({ holds }: { readonly holds: "ENABLED" | "DISABLED" | undefined }) {
  const { t } = useTranslation();
  return holds === undefined ? (
    <Mark kind="unknown">{t("parts.notKnown")}</Mark>
  ) : (
    <Mark kind={holds === "ENABLED" ? "good" : "off"}>{t(holds === "ENABLED" ? "detectors.on" : "detectors.off")}</Mark>
  );
}

/** How often it found something, and when last. */
export function Hits({ category, count }: { readonly category: string; readonly count: string | undefined }) {
  const { t } = useTranslation();
  const isSome = count !== undefined && count !== "0";
  const { data } = useQuery({ ...newestOf(category), enabled: isSome });
  if (!isSome) {
    return count === undefined ? t("parts.notKnown") : t("detectors.never");
  }
  const all = write({ ...INITIAL, filter: `category = ${quoted(category)}`, state: "", mute: "", range: "all" });
  return (
    <>
      <Link href={`/findings?${all}`}>{t("findings.total", { count: Number(count) })}</Link>
      {data?.finding.name !== undefined && (
        <>
          <br />
          <Link href={`/finding/${data.finding.name}`}>
            <When time={data.finding.eventTime} />
          </Link>
        </>
      )}
    </>
  );
}

/** `COMMAND_AND_CONTROL` as ATT&CK writes it. */
function tacticName(tactic: string): string {
  const words = tactic.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function techniqueWords({ tactic, additionalTactics, techniques }: Detector): string {
  const tactics = [tactic ?? "", ...(additionalTactics ?? [])].filter((word) => word !== "");
  return [tactics.map(tacticName).join(", "), (techniques ?? []).join(", ")].filter((word) => word !== undefined && word !== "").join(": ");
}

interface List {
  readonly detectors: readonly Detector[];
  readonly chain: readonly string[];
  readonly settings: readonly (Switches | undefined)[];
  /** Findings of each category; undefined while they are not known. */
  readonly counts: ReadonlyMap<string, string> | undefined;
  readonly selected: string | undefined;
  readonly onSelect: (module: string) => void;
}

export function DetectorsList({ detectors, chain, settings, counts, selected, onSelect }: List) {
  const { t } = useTranslation();
  return (
    <PagedTable
      caption={t("pages.detectors")}
      rows={detectors}
      idOf={({ module }) => module}
      selected={selected}
      empty={t("detectors.none")}
      columns={[
        {
          title: t("detectors.detector"),
          isName: true,
          show: ({ module, category }) => (
            <>
              <Button
                variant="link"
                isInline
                id={`detector-${module}`}
                aria-expanded={module === selected}
                onClick={() => onSelect(module)}
              >
                <Inert text={category ?? module} limit={120} />
              </Button>
              <br />
              <code className="small">{module}</code>
            </>
          ),
        },
        {
          title: t("detectors.severity"),
          show: ({ severity }) => (severity === undefined ? t("parts.notKnown") : <SeverityMark severity={severity} />),
        },
        { title: t("detectors.attack"), show: (detector) => <Inert text={techniqueWords(detector) || t("parts.notKnown")} /> },
        {
          title: t("detectors.state"),
          show: ({ module, onByDefault }) => (
            <>
              <StateMark holds={settings[0]?.modules.get(module)?.holds} />
              <br />
              <span className="small">
                <FromWords from={fromWhere(module, chain, settings, onByDefault)} />
              </span>
            </>
          ),
        },
        {
          title: t("detectors.hits"),
          show: ({ category }) =>
            category === undefined ? t("parts.notKnown") : <Hits category={category} count={counts === undefined ? undefined : (counts.get(category) ?? "0")} />,
        },
        { title: t("detectors.cost"), show: (detector) => <Cost detector={detector} /> },
      ]}
    />
  );
}

/** What a detector costs for each event that it is asked about, as sensors measure it. */
export function Cost({ detector: { cost } }: { readonly detector: Detector }) {
  const { t, i18n } = useTranslation();
  if (cost?.nanosPerEvent === undefined) {
    return t("parts.notKnown");
  }
  const micros = (cost.nanosPerEvent / 1_000).toLocaleString(i18n.language, { maximumSignificantDigits: 3 });
  const events = cost.events === undefined ? "" : ` (${t("detectors.events", { count: Number(cost.events) })})`;
  return <span className="number">{`${micros} µs${events}`}</span>;
}
