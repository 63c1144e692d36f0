import { useId, useState } from "react";
import {
  FormGroup,
  HelperText,
  HelperTextItem,
  Radio,
  TextArea,
  TextInput,
} from "@patternfly/react-core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ask } from "../api/client";
import { matchingFindings, type MuteConfig } from "../api/mutes";
import { CommandPanel } from "../parts/command_panel";
import { Inert } from "../parts/inert";
import { useSettled } from "../parts/use_settled";
import { curl } from "../text/curl";
import { EditorDialog } from "./editor_dialog";
import { isId } from "./output_config";

/** How many findings a filter would hide, or why it is no filter. */
export function MatchPreview({ scope, filter }: { readonly scope: string; readonly filter: string }) {
  const { t } = useTranslation();
  const asked = useSettled(filter, 400);
  const { data, error, isFetching } = useQuery(matchingFindings(scope, asked));
  if (asked.trim() === "") {
    return null;
  }
  return (
    <HelperText aria-live="polite">
      {error !== null ? (
        <HelperTextItem variant="error">
          <Inert text={error.message} />
        </HelperTextItem>
      ) : (
        <HelperTextItem variant={isFetching ? "default" : "success"}>
          {data === undefined ? t("app.loading") : t(data.isLeast ? "settings.mutes.matchesLeast" : "settings.mutes.matches", { count: data.count })}
        </HelperTextItem>
      )}
    </HelperText>
  );
}

interface Editor {
  readonly scope: string;
  /** What is changed; a new one without. */
  readonly config: MuteConfig | undefined;
  readonly onClose: () => void;
}

/** The local date and time that a browser's field takes. */
function fieldTime(time: string | undefined): string {
  const at = new Date(time ?? "");
  if (Number.isNaN(at.getTime())) {
    return "";
  }
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Makes a rule that hides findings, or changes one. */
export function MuteEditor({ scope, config, onClose }: Editor) {
  const { t } = useTranslation();
  const id = useId();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [filter, setFilter] = useState(config?.filter ?? "");
  const [description, setDescription] = useState(config?.description ?? "");
  const [type, setType] = useState(config?.type ?? "DYNAMIC");
  const [expiry, setExpiry] = useState(fieldTime(config?.expiryTime));
  const isNew = config?.name === undefined;
  const expiryTime = type === "DYNAMIC" && expiry !== "" ? new Date(expiry).toISOString() : undefined;
  const method = isNew ? "POST" : "PATCH";
  const path = isNew
    ? `/v2/${scope}/muteConfigs?muteConfigId=${encodeURIComponent(name)}`
    : `/v2/${config.name}?updateMask=${encodeURIComponent("filter,description,expiryTime")}`;
  const body = { filter, description, ...(isNew ? { type } : {}), ...(expiryTime === undefined ? {} : { expiryTime }) };
  const isReady = filter.trim() !== "" && (!isNew || isId(name));
  const save = async () => {
    await ask(method, path, body);
    await queries.invalidateQueries({ queryKey: ["mute configs"] });
    await queries.invalidateQueries({ queryKey: ["findings"] });
    onClose();
  };
  return (
    <EditorDialog
      title={t(isNew ? "settings.mutes.create" : "settings.mutes.edit")}
      description={`${t("settings.scope")}: ${scope}`}
      action={t("settings.save")}
      isReady={isReady}
      onSave={save}
      onClose={onClose}
    >
          {isNew && (
            <FormGroup label={t("settings.mutes.name")} fieldId={`${id}-name`} isRequired>
              <TextInput
                id={`${id}-name`}
                isRequired
                spellCheck={false}
                validated={name === "" || isId(name) ? "default" : "error"}
                value={name}
                onChange={(_, value) => setName(value)}
              />
              <HelperText>
                <HelperTextItem>{t("settings.idHelp")}</HelperTextItem>
              </HelperText>
            </FormGroup>
          )}
          <FormGroup label={t("findings.filter")} fieldId={`${id}-filter`} isRequired>
            <TextArea
              id={`${id}-filter`}
              rows={3}
              isRequired
              resizeOrientation="vertical"
              spellCheck={false}
              placeholder='category="Execution: Socat Reverse Shell Detected" AND resource.name:"test"'
              value={filter}
              onChange={(_, value) => setFilter(value)}
            />
            <MatchPreview scope={scope} filter={filter} />
          </FormGroup>
          {isNew && (
            <FormGroup role="radiogroup" label={t("settings.mutes.type")} fieldId={`${id}-type`}>
              {(["DYNAMIC", "STATIC"] as const).map((of) => (
                <Radio
                  key={of}
                  id={`${id}-${of}`}
                  name={`${id}-type`}
                  label={t(`settings.mutes.types.${of}`)}
                  description={t(`settings.mutes.typesAbout.${of}`)}
                  isChecked={type === of}
                  onChange={() => setType(of)}
                />
              ))}
            </FormGroup>
          )}
          {type === "DYNAMIC" && (
            <FormGroup label={t("settings.mutes.expiry")} fieldId={`${id}-expiry`}>
              <TextInput id={`${id}-expiry`} type="datetime-local" value={expiry} onChange={(_, value) => setExpiry(value)} />
              <HelperText>
                <HelperTextItem>{t("settings.mutes.expiryHelp")}</HelperTextItem>
              </HelperText>
            </FormGroup>
          )}
          <FormGroup label={t("settings.description")} fieldId={`${id}-description`}>
            <TextInput id={`${id}-description`} maxLength={1_024} value={description} onChange={(_, value) => setDescription(value)} />
          </FormGroup>
          <CommandPanel commands={[{ by: "API", text: curl(method, path, body) }]} />
    </EditorDialog>
  );
}
