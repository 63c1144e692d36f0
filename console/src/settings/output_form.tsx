import { useId, useState } from "react";
import {
  FormGroup,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextArea,
  TextInput,
} from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ask } from "../api/client";
import type { NotificationConfig } from "../api/outputs";
import { EVERYTHING, isCluster } from "../api/detectors";
import { isPlace } from "../api/places";
import { CommandPanel } from "../parts/command_panel";
import { curl } from "../text/curl";
import { EditorDialog } from "./editor_dialog";
import {
  bodyOf,
  EMPTY,
  EXAMPLES,
  formOf,
  hasSecret,
  hasShape,
  isAddress,
  isId,
  isPaused,
  KINDS,
  MASK,
  SHAPES,
  type OutputForm,
  type OutputKind,
} from "./output_config";

interface Editor {
  /** What is changed; a new one without. */
  readonly config: NotificationConfig | undefined;
  readonly secretNames: readonly string[];
  readonly onClose: () => void;
}

/** Makes an output or changes one. */
export function OutputEditor({ config, secretNames, onClose }: Editor) {
  const { t } = useTranslation();
  const id = useId();
  const queries = useQueryClient();
  const [form, setForm] = useState<OutputForm>(config === undefined ? EMPTY : formOf(config));
  const [name, setName] = useState("");
  const [scope, setScope] = useState<string>(EVERYTHING);
  const become = (change: Partial<OutputForm>) => setForm({ ...form, ...change });
  const isNew = config?.name === undefined;
  const isScope = isPlace(scope) && !isCluster(scope);
  const isReady = isAddress(form.kind, form.address, form.secret) && (!isNew || (isId(name) && isScope));
  const method = isNew ? "POST" : "PATCH";
  const path = isNew
    ? `/v2/${scope}/notificationConfigs?configId=${encodeURIComponent(name)}`
    : `/v2/${config.name}?updateMask=${encodeURIComponent(MASK)}`;
  const body = bodyOf(form, isPaused(config?.streamingConfig?.filter ?? ""));
  const save = async () => {
    await ask(method, path, body);
    await queries.invalidateQueries({ queryKey: ["outputs"] });
    onClose();
  };
  const help = (text: string) => (
    <HelperText>
      <HelperTextItem>{text}</HelperTextItem>
    </HelperText>
  );
  return (
    <EditorDialog
      title={t(isNew ? "settings.outputs.create" : "settings.outputs.edit")}
      action={t("settings.save")}
      isReady={isReady}
      onSave={save}
      onClose={onClose}
    >
          {isNew && (
            <>
              <FormGroup label={t("settings.outputs.name")} fieldId={`${id}-name`} isRequired>
                <TextInput
                  id={`${id}-name`}
                  isRequired
                  spellCheck={false}
                  validated={name === "" || isId(name) ? "default" : "error"}
                  value={name}
                  onChange={(_, value) => setName(value)}
                />
                {help(t("settings.idHelp"))}
              </FormGroup>
              <FormGroup label={t("settings.scope")} fieldId={`${id}-scope`} isRequired>
                <TextInput
                  id={`${id}-scope`}
                  isRequired
                  spellCheck={false}
                  validated={isScope ? "default" : "error"}
                  value={scope}
                  onChange={(_, value) => setScope(value)}
                />
                {help(t("settings.outputs.scopeHelp"))}
              </FormGroup>
            </>
          )}
          <FormGroup label={t("settings.outputs.kind")} fieldId={`${id}-kind`}>
            <FormSelect id={`${id}-kind`} value={form.kind} onChange={(_, kind) => become({ kind: kind as OutputKind })}>
              {KINDS.map((kind) => (
                <FormSelectOption key={kind} value={kind} label={t(`settings.outputs.kinds.${kind}`)} />
              ))}
            </FormSelect>
          </FormGroup>
          <FormGroup
            label={t(form.kind === "pubsub" ? "settings.outputs.topic" : "settings.outputs.address")}
            fieldId={`${id}-address`}
            isRequired={form.kind !== "slack"}
          >
            <TextInput
              id={`${id}-address`}
              spellCheck={false}
              placeholder={EXAMPLES[form.kind]}
              validated={form.address === "" || isAddress(form.kind, form.address, form.secret) ? "default" : "error"}
              value={form.address}
              onChange={(_, address) => become({ address })}
            />
            {help(t(`settings.outputs.addresses.${form.kind}`, { example: EXAMPLES[form.kind] }))}
          </FormGroup>
          {hasSecret(form.kind) && (
            <FormGroup label={t("settings.outputs.secret")} fieldId={`${id}-secret`}>
              <TextInput
                id={`${id}-secret`}
                list={`${id}-secrets`}
                autoComplete="off"
                spellCheck={false}
                value={form.secret}
                onChange={(_, secret) => become({ secret })}
              />
              <datalist id={`${id}-secrets`}>
                {secretNames.map((one) => (
                  <option key={one} value={one} />
                ))}
              </datalist>
              {help(t("settings.outputs.secretHelp"))}
            </FormGroup>
          )}
          {hasShape(form.kind) && (
            <FormGroup label={t("settings.outputs.shape")} fieldId={`${id}-shape`}>
              <FormSelect id={`${id}-shape`} value={form.shape} onChange={(_, shape) => become({ shape })}>
                {SHAPES.map((shape) => (
                  <FormSelectOption key={shape} value={shape} label={shape} />
                ))}
              </FormSelect>
            </FormGroup>
          )}
          {form.kind === "nats" && (
            <FormGroup label={t("settings.outputs.subject")} fieldId={`${id}-subject`}>
              <TextInput
                id={`${id}-subject`}
                spellCheck={false}
                placeholder="vedette.findings"
                value={form.subject}
                onChange={(_, subject) => become({ subject })}
              />
            </FormGroup>
          )}
          <FormGroup label={t("settings.outputs.filter")} fieldId={`${id}-filter`}>
            <TextArea
              id={`${id}-filter`}
              rows={2}
              resizeOrientation="vertical"
              spellCheck={false}
              value={form.filter}
              onChange={(_, filter) => become({ filter })}
            />
            {help(t("settings.outputs.filterHelp"))}
          </FormGroup>
          <FormGroup label={t("settings.description")} fieldId={`${id}-description`}>
            <TextInput
              id={`${id}-description`}
              maxLength={1_024}
              value={form.description}
              onChange={(_, description) => become({ description })}
            />
          </FormGroup>
          <CommandPanel commands={[{ by: "API", text: curl(method, path, body) }]} />
    </EditorDialog>
  );
}
