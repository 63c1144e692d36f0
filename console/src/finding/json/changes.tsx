import { useMemo, useState } from "react";
import { FormSelect, FormSelectOption } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { FindingResult } from "../../api/finding";
import { versions } from "../../api/one_finding";
import { Copy } from "../../parts/copy";
import { Inert } from "../../parts/inert";
import { precise, utc } from "../../text/time";
import { diff, type Difference } from "./diff";
import { jq, jsonText } from "./path";
import { statesOf, type State } from "./states";

const SIGNS = { added: "+", removed: "−", changed: "~" } as const;
const SHOWN = 400;

function Side({ value }: { readonly value: unknown }) {
  return <Inert text={typeof value === "string" && value.length > 4_000 ? value : jsonText(value)} limit={SHOWN} />;
}

function Row({ difference }: { readonly difference: Difference }) {
  const { t } = useTranslation();
  const path = jq(difference.path);
  return (
    <li className={`difference difference-${difference.kind}`}>
      <span className="difference-kind">
        <span aria-hidden="true">{SIGNS[difference.kind]}</span> {t(`finding.jsonTab.${difference.kind}`)}
      </span>
      <code>
        <Inert text={path} limit={300} />
      </code>
      <Copy text={path} what={t("finding.jsonTab.jq")} />
      <div>
        {difference.kind !== "added" && (
          <div>
            <span className="meaning">{t("finding.jsonTab.before")}: </span>
            <Side value={difference.before} />
          </div>
        )}
        {difference.kind !== "removed" && (
          <div>
            <span className="meaning">{t("finding.jsonTab.after")}: </span>
            <Side value={difference.after} />
          </div>
        )}
      </div>
    </li>
  );
}

function Choose({ id, label, states, value, onChoose }: {
  readonly id: string;
  readonly label: string;
  readonly states: readonly State[];
  readonly value: number;
  readonly onChoose: (index: number) => void;
}) {
  const { t } = useTranslation();
  const said = ({ since, isNow }: State) => {
    const at = Date.parse(since ?? "");
    const time = Number.isNaN(at) ? utc(since) : precise(at);
    return isNow ? [t("finding.jsonTab.now"), time].filter(Boolean).join(" ") : time;
  };
  return (
    <label htmlFor={id} className="version">
      {label}
      <FormSelect id={id} value={value} onChange={(_, chosen) => onChoose(Number(chosen))}>
        {states.map((state, index) => (
          <FormSelectOption key={index} value={index} label={said(state)} />
        ))}
      </FormSelect>
    </label>
  );
}

function Compared({ states }: { readonly states: readonly State[] }) {
  const { t } = useTranslation();
  const [older, setOlder] = useState(1);
  const [newer, setNewer] = useState(0);
  const { found, isCut } = useMemo(
    () => diff(states[older]?.document, states[newer]?.document),
    [states, older, newer],
  );
  return (
    <>
      <div className="versions">
        <Choose id="version-older" label={t("finding.jsonTab.older")} states={states} value={older} onChoose={setOlder} />
        <Choose id="version-newer" label={t("finding.jsonTab.newer")} states={states} value={newer} onChoose={setNewer} />
      </div>
      <p role="status">{t("finding.jsonTab.differences", { count: found.length })}</p>
      {isCut && <p>{t("finding.jsonTab.cut")}</p>}
      <ul className="differences">
        {found.map((difference, index) => (
          <Row key={index} difference={difference} />
        ))}
      </ul>
    </>
  );
}

/** What changed between two states of the finding. */
export function Changes({ result }: { readonly result: FindingResult }) {
  const { t } = useTranslation();
  const { data, error } = useQuery(versions(result.finding.name ?? ""));
  const states = useMemo(() => statesOf(result, data?.kept ?? []), [result, data]);
  if (error !== null) {
    return (
      <p>
        <Inert text={error.message} />
      </p>
    );
  }
  if (data === undefined) {
    return <p>{t("app.loading")}</p>;
  }
  if (data === null) {
    return <p>{t("finding.notOffered")}</p>;
  }
  return states.length < 2 ? (
    <p>{t("finding.jsonTab.noVersions")}</p>
  ) : (
    <>
      <Compared states={states} />
      {data.hasOlder && <p className="meaning">{t("finding.jsonTab.hasOlder", { count: states.length })}</p>}
    </>
  );
}
