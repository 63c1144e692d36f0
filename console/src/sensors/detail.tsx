import type { ReactNode } from "react";
import { DescriptionList, DescriptionListDescription, DescriptionListGroup, DescriptionListTerm } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { Changed, Sensor } from "../api/sensors";
import { CommandPanel } from "../parts/command_panel";
import { Inert } from "../parts/inert";
import { Mark } from "../parts/mark";
import { SidePanel } from "../parts/side_panel";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { bytes } from "../text/numbers";
import { command } from "../text/shell";
import { NodeCertificates } from "./certificates";
import { idOf, MARKS, stateOf } from "./coverage";

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return children === undefined || children === null ? null : (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

function Change({ change }: { readonly change: Changed }) {
  const { t } = useTranslation();
  return (
    <>
      {t("sensors.changed")} <When time={change.at} />
      <br />
      <code className="hash">
        <Inert text={change.from ?? ""} /> → <Inert text={change.to ?? ""} />
      </code>
    </>
  );
}

function Counters({ sensor: { counters } }: { readonly sensor: Sensor }) {
  const { t, i18n } = useTranslation();
  const rows = Object.entries(counters ?? {});
  const number = (value: number | undefined) => (value ?? 0).toLocaleString(i18n.language);
  return rows.length === 0 ? null : (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t("sensors.counters")}>
      <table className="data">
        <caption>{t("sensors.counters")}</caption>
        <thead>
          <tr>
            {(["kind", "in", "out", "lost"] as const).map((column) => (
              <th key={column} scope="col">
                {t(`sensors.counterColumns.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([kind, counts]) => (
            <tr key={kind}>
              <th scope="row">
                <Inert text={kind} limit={100} />
              </th>
              <td className="number">{number(counts?.in)}</td>
              <td className="number">{number(counts?.out)}</td>
              <td className="number">{(counts?.lost ?? 0) > 0 ? <Mark kind="attention">{number(counts?.lost)}</Mark> : number(counts?.lost)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Everything that is known of one sensor, what is wrong with it, and what to do about it. */
export function SensorDetail({ sensor, onClose }: { readonly sensor: Sensor; readonly onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const id = idOf(sensor);
  const state = stateOf(sensor);
  const [cluster = "", node = ""] = id.split("/");
  const { skewNs, spoolBytes, spoolLost, probesLoaded, lagSeconds } = sensor;
  const seconds = (value: number) => t("sensors.seconds", { value: value.toLocaleString(i18n.language, { maximumFractionDigits: 1 }) });
  return (
    <SidePanel title={id} onClose={onClose} opener={`sensor-${id}`}>
      <p>
        <Mark kind={MARKS[state]}>{t(`sensors.states.${state}`)}</Mark>
      </p>
      {(sensor.problems ?? []).length > 0 && (
        <>
          <h3>{t("sensors.problems")}</h3>
          <ul className="problems">
            {(sensor.problems ?? []).map(({ problem, advice }, index) => (
              <li key={index}>
                <Mark kind="attention">
                  <Inert text={problem ?? ""} />
                </Mark>
                {advice !== undefined && advice !== "" && (
                  <p>
                    <Inert text={advice} />
                  </p>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      <DescriptionList isCompact isHorizontal horizontalTermWidthModifier={{ default: "20ch" }}>
        <Fact term={t("sensors.kernel")}>{sensor.kernel !== undefined && <Inert text={sensor.kernel} />}</Fact>
        <Fact term={t("sensors.mode")}>{sensor.mode !== undefined && <Inert text={sensor.mode} />}</Fact>
        <Fact term={t("sensors.version")}>{sensor.sensorVersion !== undefined && <Inert text={sensor.sensorVersion} />}</Fact>
        <Fact term={t("sensors.probes")}>
          {probesLoaded !== undefined && (
            <Mark kind={probesLoaded ? "good" : "bad"}>{t(probesLoaded ? "sensors.attached" : "sensors.notAttached")}</Mark>
          )}
        </Fact>
        <Fact term={t("sensors.heard")}>
          <When time={sensor.receivedAt} />
        </Fact>
        <Fact term={t("sensors.started")}>
          <When time={sensor.startTime} />
        </Fact>
        {lagSeconds !== undefined && <Fact term={t("sensors.lag")}>{seconds(lagSeconds)}</Fact>}
        {skewNs !== undefined && <Fact term={t("sensors.skew")}>{seconds(skewNs / 1e9)}</Fact>}
        {spoolBytes !== undefined && (
          <Fact term={t("sensors.spool")}>
            {bytes(spoolBytes)}
            {spoolLost !== undefined && spoolLost > 0 && <> · {t("sensors.spoolLost", { count: spoolLost })}</>}
            {typeof sensor.spoolOldest === "string" && (
              <>
                {" "}
                · {t("sensors.spoolOldest")} <When time={sensor.spoolOldest} />
              </>
            )}
          </Fact>
        )}
        {sensor.lostAt != null && (
          <Fact term={t("sensors.lostAt")}>
            <When time={sensor.lostAt} />
          </Fact>
        )}
        {sensor.configurationChanged != null && (
          <Fact term={t("sensors.configuration")}>
            <Change change={sensor.configurationChanged} />
          </Fact>
        )}
        {sensor.binaryChanged != null && (
          <Fact term={t("sensors.program")}>
            <Change change={sensor.binaryChanged} />
          </Fact>
        )}
      </DescriptionList>
      <Counters sensor={sensor} />
      <CommandPanel
        commands={[
          { by: "vedette", text: command("vedette", "sensors", "show", id) },
          {
            by: "API",
            text: curl("GET", `/v2/organizations/-/sensors/${encodeURIComponent(cluster)}/${encodeURIComponent(node)}`),
          },
        ]}
      />
      <NodeCertificates cluster={cluster} node={node} />
    </SidePanel>
  );
}
