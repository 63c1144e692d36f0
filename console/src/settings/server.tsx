import { DescriptionList, DescriptionListDescription, DescriptionListGroup, DescriptionListTerm, Spinner } from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { ReactNode } from "react";
import { configuration } from "../api/configuration";
import { CommandPanel } from "../parts/command_panel";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { curl } from "../text/curl";
import { SettingKeys } from "./setting_keys";

const READ = [{ by: "API", text: curl("GET", "/v2/configuration") }];

function Facts({ facts }: { readonly facts: readonly (readonly [term: string, said: ReactNode])[] }) {
  return (
    <DescriptionList isCompact isHorizontal horizontalTermWidthModifier={{ default: "26ch" }}>
      {facts.map(([term, said]) => (
        <DescriptionListGroup key={term}>
          <DescriptionListTerm>{term}</DescriptionListTerm>
          <DescriptionListDescription>{said}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}

/** An object's fields, one a line. */
function Entries({ of }: { readonly of: Readonly<Record<string, unknown>> }) {
  return (
    <ul className="plain">
      {Object.entries(of).map(([key, value]) => (
        <li key={key}>
          <code>{key}</code>: <Inert text={typeof value === "string" ? value : JSON.stringify(value)} />
        </li>
      ))}
    </ul>
  );
}

/** How long things are kept. It is the server's configuration that says so, not the API. */
export function RetentionTab() {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery(configuration);
  const days = (count: number | undefined) => (count === undefined ? t("parts.notKnown") : t("settings.days", { count }));
  return (
    <>
      <p>{t("settings.retention.about")}</p>
      {isPending && <Spinner aria-label={t("app.loading")} />}
      <Failure error={error} />
      {data !== undefined && (
        <Facts
          facts={[
            [t("settings.retention.findings"), days(data.retention?.findingsDays)],
            [t("settings.retention.audit"), days(data.retention?.auditDays)],
            [t("settings.retention.changes"), days(data.retention?.changesDays)],
          ]}
        />
      )}
      <SettingKeys begin="retention" />
      <CommandPanel commands={READ} />
    </>
  );
}

/** What is left out of findings and evidence before anybody reads it. */
export function RedactionTab() {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery(configuration);
  const redaction = data?.redaction;
  return (
    <>
      <p>{t("settings.redaction.about")}</p>
      {isPending && <Spinner aria-label={t("app.loading")} />}
      <Failure error={error} />
      {data !== undefined && redaction == null && <p>{t("settings.redaction.notSaid")}</p>}
      {redaction != null && <Entries of={redaction} />}
      <SettingKeys begin="redaction" />
      <CommandPanel commands={READ} />
    </>
  );
}

/** The running server, and every setting of its with its names. */
export function ServerTab() {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery(configuration);
  const text = (said: string | null | undefined) => (said == null || said === "" ? t("parts.notKnown") : <Inert text={said} />);
  const known = (said: boolean | undefined) => (said === undefined ? t("parts.notKnown") : t(said ? "settings.yes" : "settings.no"));
  return (
    <>
      <p>{t("settings.server.about")}</p>
      {isPending && <Spinner aria-label={t("app.loading")} />}
      {data !== undefined && (
        <Facts
          facts={[
            [t("settings.server.version"), text(data.version)],
            [t("settings.server.listen"), text(data.listen)],
            [t("settings.server.store"), text(data.store)],
            [t("settings.server.organization"), text(typeof data.organization === "string" ? data.organization : undefined)],
            [t("settings.server.intake"), data.intake == null ? t("settings.server.noIntake") : <Entries of={data.intake} />],
            [t("settings.server.secrets"), text((data.outputs?.secretNames ?? []).join(", "))],
            [t("settings.server.openIdConnect"), text((data.access?.openIdConnect ?? []).join(", "))],
            [t("settings.server.kubernetes"), known(data.access?.kubernetes)],
          ]}
        />
      )}
      {error === null ? <SettingKeys /> : <Failure error={error} />}
      <CommandPanel commands={READ} />
    </>
  );
}
