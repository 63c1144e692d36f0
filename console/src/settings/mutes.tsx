import { useState } from "react";
import { Button, Spinner } from "@patternfly/react-core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import { ask } from "../api/client";
import { configuration, organizationOf } from "../api/configuration";
import { EVERYTHING, isCluster } from "../api/detectors";
import { muteConfigs, type MuteConfig } from "../api/mutes";
import { sensors } from "../api/sensors";
import { isPlace, placesOf } from "../api/places";
import { CommandPanel } from "../parts/command_panel";
import { ConfirmDialog } from "../parts/confirm_dialog";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { Mark } from "../parts/mark";
import { PagedTable } from "../parts/paged_table";
import { PlaceBox } from "../parts/place_box";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { MatchPreview, MuteEditor } from "./mute_form";
import { partsOf } from "./output_config";

function isScope(text: string): boolean {
  return isPlace(text) && !isCluster(text);
}

function Expiry({ config: { type, expiryTime } }: { readonly config: MuteConfig }) {
  const { t } = useTranslation();
  if (expiryTime === undefined) {
    return <Mark kind="good">{t(type === "STATIC" ? "settings.mutes.whenMade" : "settings.mutes.always")}</Mark>;
  }
  return Date.parse(expiryTime) <= Date.now() ? (
    <Mark kind="off">
      {t("settings.mutes.over")} <When time={expiryTime} />
    </Mark>
  ) : (
    <Mark kind="good">
      {t("settings.mutes.until")} <When time={expiryTime} />
    </Mark>
  );
}

function DeleteMute({ config, scope, onClose }: { readonly config: MuteConfig; readonly scope: string; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const name = config.name ?? "";
  const { id } = partsOf(name);
  return (
    <ConfirmDialog
      title={t("settings.mutes.deleteTitle", { id })}
      action={t("settings.delete")}
      isDanger
      typed={id}
      onConfirm={async () => {
        await ask("DELETE", `/v2/${name}`);
        await queries.invalidateQueries({ queryKey: ["mute configs"] });
        await queries.invalidateQueries({ queryKey: ["findings"] });
      }}
      onClose={onClose}
    >
      <p>{t(config.type === "DYNAMIC" ? "settings.mutes.deleteDynamic" : "settings.mutes.deleteStatic")}</p>
      <MatchPreview scope={scope} filter={config.filter ?? ""} />
      <CommandPanel commands={[{ by: "API", text: curl("DELETE", `/v2/${name}`) }]} />
    </ConfirmDialog>
  );
}

/** Rules that hide findings. */
export function MutesTab() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const asked = search.get("scope") ?? EVERYTHING;
  const scope = isScope(asked) ? asked : EVERYTHING;
  const { data, error, isPending, refetch } = useQuery(muteConfigs(scope));
  const organization = organizationOf(useQuery(configuration).data);
  const { data: heard } = useQuery(sensors);
  const [edited, setEdited] = useState<{ readonly config?: MuteConfig }>();
  const [deleted, setDeleted] = useState<MuteConfig>();
  return (
    <>
      <p>{t("settings.mutes.about")}</p>
      <PlaceBox
        key={scope}
        label={t("settings.scope")}
        help={t("settings.scopeHelp")}
        wrong={t("settings.scopeWrong")}
        value={scope}
        known={placesOf(heard ?? [], organization).filter(isScope)}
        isPlace={isScope}
        onChoose={(next) => setSearch({ tab: "mutes", ...(next === EVERYTHING ? {} : { scope: next }) }, { replace: true })}
      />
      <p>
        <Button variant="primary" size="sm" onClick={() => setEdited({})}>
          {t("settings.mutes.create")}
        </Button>
      </p>
      <Failure error={error} onRetry={() => void refetch()} />
      {isPending && <Spinner aria-label={t("app.loading")} />}
      {data !== undefined && (
        <PagedTable
          caption={t("settings.tabs.mutes")}
          rows={data}
          idOf={({ name }) => name ?? ""}
          empty={t("settings.mutes.none")}
          columns={[
            {
              title: t("settings.mutes.name"),
              isName: true,
              show: ({ name, description }) => (
                <>
                  {partsOf(name ?? "").id}
                  <br />
                  <span className="small">
                    <Inert text={description ?? ""} limit={120} />
                  </span>
                </>
              ),
            },
            {
              title: t("findings.filter"),
              show: ({ filter }) => (
                <code>
                  <Inert text={filter ?? ""} limit={300} />
                </code>
              ),
            },
            {
              title: t("settings.mutes.type"),
              show: ({ type }) => t(`settings.mutes.types.${type === "DYNAMIC" ? "DYNAMIC" : "STATIC"}`),
            },
            { title: t("settings.mutes.holds"), show: (config) => <Expiry config={config} /> },
            { title: t("settings.mutes.editor"), show: ({ mostRecentEditor }) => <Inert text={mostRecentEditor ?? ""} limit={80} /> },
            { title: t("settings.updated"), show: ({ updateTime }) => <When time={updateTime} /> },
            {
              title: t("settings.change"),
              show: (config) => (
                <span className="actions">
                  <Button variant="link" isInline aria-label={`${t("settings.edit")}: ${partsOf(config.name ?? "").id}`} onClick={() => setEdited({ config })}>
                    {t("settings.edit")}
                  </Button>
                  <Button
                    variant="link"
                    isInline
                    isDanger
                    aria-label={`${t("settings.delete")}: ${partsOf(config.name ?? "").id}`}
                    onClick={() => setDeleted(config)}
                  >
                    {t("settings.delete")}
                  </Button>
                </span>
              ),
            },
          ]}
        />
      )}
      <CommandPanel commands={[{ by: "API", text: curl("GET", `/v2/${scope}/muteConfigs`) }]} />
      {edited !== undefined && <MuteEditor scope={scope} config={edited.config} onClose={() => setEdited(undefined)} />}
      {deleted !== undefined && <DeleteMute config={deleted} scope={scope} onClose={() => setDeleted(undefined)} />}
    </>
  );
}
