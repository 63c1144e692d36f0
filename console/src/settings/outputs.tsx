import { useState } from "react";
import {
  Button,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Spinner,
} from "@patternfly/react-core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { configuration } from "../api/configuration";
import { outputs, type NotificationConfig, type Output } from "../api/outputs";
import { CommandPanel } from "../parts/command_panel";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { Mark } from "../parts/mark";
import { PagedTable } from "../parts/paged_table";
import { SidePanel } from "../parts/side_panel";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { command } from "../text/shell";
import { DeadLetters, DeleteOutput, PauseOutput, TestOutput } from "./output_actions";
import { addressOf, isPaused, kindOf, partsOf, resumed } from "./output_config";
import { OutputEditor } from "./output_form";
import { SettingKeys } from "./setting_keys";

/** Whether messages arrive, as far as this server knows. */
function Health({ output: { status, config } }: { readonly output: Output }) {
  const { t } = useTranslation();
  if (config !== undefined && isPaused(config.streamingConfig?.filter ?? "")) {
    return <Mark kind="off">{t("settings.outputs.states.paused")}</Mark>;
  }
  if (Number(status.deadLetterCount ?? 0) > 0) {
    return <Mark kind="bad">{t("settings.outputs.states.deadLetters")}</Mark>;
  }
  if (Number(status.failedCount ?? 0) > 0 && Number(status.waitingCount ?? 0) > 0) {
    return <Mark kind="attention">{t("settings.outputs.states.retrying")}</Mark>;
  }
  return Number(status.deliveredCount ?? 0) > 0 ? (
    <Mark kind="good">{t("settings.outputs.states.delivers")}</Mark>
  ) : (
    <Mark kind="unknown">{t("settings.outputs.states.nothingYet")}</Mark>
  );
}

function KindWords({ config }: { readonly config: NotificationConfig | undefined }) {
  const { t } = useTranslation();
  if (config === undefined) {
    return t("parts.notKnown");
  }
  const kind = kindOf(config);
  return <Inert text={t(`settings.outputs.kinds.${kind as "webhook"}`, { defaultValue: kind })} />;
}

function OutputDetail({ output, onEdit, onClose }: { readonly output: Output; readonly onEdit: () => void; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { status, config } = output;
  const { id, scope } = partsOf(status.name);
  const facts: readonly (readonly [term: string, text: string | undefined])[] = [
    [t("settings.scope"), scope],
    [t("settings.outputs.address"), config === undefined ? undefined : addressOf(config)],
    [t("settings.outputs.shape"), config?.vedette?.shape],
    [t("settings.outputs.secret"), config?.vedette?.secret],
    [t("settings.outputs.subject"), config?.vedette?.subject],
    [t("settings.outputs.filter"), resumed(config?.streamingConfig?.filter ?? "") || t("settings.outputs.everything")],
    [t("settings.description"), config?.description],
  ];
  const counts = [
    [t("settings.outputs.delivered"), status.deliveredCount],
    [t("settings.outputs.failed"), status.failedCount],
    [t("settings.outputs.deadLettered"), status.deadLetteredCount],
    [t("settings.outputs.waiting"), status.waitingCount],
  ] as const;
  return (
    <SidePanel title={id} onClose={onClose} opener={`output-${status.name}`}>
      <p>
        <Health output={output} />
      </p>
      <div className="actions">
        {config !== undefined && (
          <>
            <Button variant="secondary" size="sm" onClick={onEdit}>
              {t("settings.edit")}
            </Button>
            <PauseOutput name={status.name} config={config} />
          </>
        )}
        <DeleteOutput output={output} onDeleted={onClose} />
      </div>
      <DescriptionList isCompact isHorizontal horizontalTermWidthModifier={{ default: "18ch" }}>
        {facts
          .filter(([, text]) => text !== undefined && text !== "")
          .map(([term, text]) => (
            <DescriptionListGroup key={term}>
              <DescriptionListTerm>{term}</DescriptionListTerm>
              <DescriptionListDescription>
                <Inert text={text ?? ""} />
              </DescriptionListDescription>
            </DescriptionListGroup>
          ))}
        {config?.updateTime !== undefined && (
          <DescriptionListGroup>
            <DescriptionListTerm>{t("settings.updated")}</DescriptionListTerm>
            <DescriptionListDescription>
              <When time={config.updateTime} />
            </DescriptionListDescription>
          </DescriptionListGroup>
        )}
        {counts.map(([term, count]) => (
          <DescriptionListGroup key={term}>
            <DescriptionListTerm>{term}</DescriptionListTerm>
            <DescriptionListDescription>{count ?? t("parts.notKnown")}</DescriptionListDescription>
          </DescriptionListGroup>
        ))}
      </DescriptionList>
      <TestOutput name={status.name} />
      <DeadLetters name={status.name} />
    </SidePanel>
  );
}

/** Where findings are sent. */
export function OutputsTab() {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useQuery(outputs);
  const { data: configured } = useQuery(configuration);
  const [selected, setSelected] = useState<string>();
  const [edited, setEdited] = useState<{ readonly config?: NotificationConfig }>();
  const detail = data?.find(({ status }) => status.name === selected);
  return (
    <>
      <p>{t("settings.outputs.about")}</p>
      <Failure error={error} onRetry={() => void refetch()} />
      {isPending && <Spinner aria-label={t("app.loading")} />}
      <p>
        <Button variant="primary" size="sm" onClick={() => setEdited({})}>
          {t("settings.outputs.create")}
        </Button>
      </p>
      {data !== undefined && (
        <div className={detail === undefined ? undefined : "with-panel"}>
          <div>
            <PagedTable
              caption={t("settings.tabs.outputs")}
              rows={data}
              idOf={({ status }) => status.name}
              selected={selected}
              empty={t("settings.outputs.none")}
              columns={[
                {
                  title: t("settings.outputs.name"),
                  isName: true,
                  show: ({ status }) => (
                    <>
                      <Button
                        variant="link"
                        isInline
                        id={`output-${status.name}`}
                        aria-expanded={status.name === selected}
                        onClick={() => setSelected(status.name === selected ? undefined : status.name)}
                      >
                        {partsOf(status.name).id}
                      </Button>
                      <br />
                      <span className="small">{partsOf(status.name).scope}</span>
                    </>
                  ),
                },
                { title: t("settings.outputs.kind"), show: ({ config }) => <KindWords config={config} /> },
                { title: t("settings.outputs.state"), show: (output) => <Health output={output} /> },
                { title: t("settings.outputs.delivered"), show: ({ status }) => <span className="number">{status.deliveredCount}</span> },
                { title: t("settings.outputs.waiting"), show: ({ status }) => <span className="number">{status.waitingCount}</span> },
                { title: t("settings.outputs.deadLetters"), show: ({ status }) => <span className="number">{status.deadLetterCount}</span> },
                { title: t("settings.description"), show: ({ status }) => <Inert text={status.description ?? ""} limit={120} /> },
              ]}
            />
          </div>
          {detail !== undefined && (
            <OutputDetail
              key={selected}
              output={detail}
              onEdit={() => setEdited(detail.config === undefined ? {} : { config: detail.config })}
              onClose={() => setSelected(undefined)}
            />
          )}
        </div>
      )}
      <SettingKeys begin="outputs" />
      <CommandPanel
        commands={[
          { by: "vedette", text: command("vedette", "outputs", "list") },
          { by: "API", text: curl("GET", "/v2/organizations/-/notificationConfigs:status") },
        ]}
      />
      {edited !== undefined && (
        <OutputEditor config={edited.config} secretNames={configured?.outputs?.secretNames ?? []} onClose={() => setEdited(undefined)} />
      )}
    </>
  );
}
