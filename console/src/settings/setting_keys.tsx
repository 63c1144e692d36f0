import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { configuration, type Setting } from "../api/configuration";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { PagedTable } from "../parts/paged_table";

interface Keys {
  /** Only those whose key is this or begins so; all without. */
  readonly begin?: string;
}

/** What the server is set to, and what each setting is called where it is set. */
export function SettingKeys({ begin }: Keys) {
  const { t } = useTranslation();
  const { data, error } = useQuery(configuration);
  if (data === undefined) {
    return begin === undefined ? <Failure error={error} /> : null;
  }
  const rows = (data.settings ?? []).filter(({ key }) => begin === undefined || key === begin || key.startsWith(`${begin}.`));
  const name = (text: string | null | undefined) => (text == null ? "–" : <code>{text}</code>);
  return rows.length === 0 ? null : (
    <>
      <h2>{t("settings.keys")}</h2>
      <p>{t("settings.keysAbout")}</p>
      <PagedTable<Setting>
        caption={t("settings.keys")}
        rows={rows}
        idOf={({ key }) => key}
        empty={null}
        pageSize={50}
        columns={[
          { title: t("settings.key"), isName: true, show: ({ key }) => <code>{key}</code> },
          { title: t("settings.value"), show: ({ value }) => (value === undefined ? t("parts.notKnown") : <Inert text={value} limit={200} />) },
          { title: t("settings.variable"), show: ({ env }) => name(env) },
          { title: t("settings.helm"), show: ({ helm }) => name(helm) },
          { title: t("settings.documentation"), show: ({ documentation }) => name(documentation) },
        ]}
      />
    </>
  );
}
