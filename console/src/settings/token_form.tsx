import { useId, useState } from "react";
import {
  Alert,
  Button,
  FormGroup,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextInput,
} from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { createTokenPath, type Binding, type Token } from "../api/access";
import { ask } from "../api/client";
import { CommandPanel } from "../parts/command_panel";
import { Copy } from "../parts/copy";
import { curl } from "../text/curl";
import { command } from "../text/shell";
import { EditorDialog } from "./editor_dialog";
import { isParent, isTokenName, ROLES, tokenArguments, tokenBody } from "./grants";

const LIVES = [1, 7, 30, 90, 365, 0] as const;

/** Makes a token and shows it, this once. */
export function TokenCreator({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [bindings, setBindings] = useState<readonly Binding[]>([{ role: "viewer" }]);
  const [days, setDays] = useState<number>(90);
  const [made, setMade] = useState<Token>();
  const [now] = useState(() => Date.now());
  const body = tokenBody(bindings, days, now);
  const isReady = isTokenName(name) && bindings.every(({ parent = "" }) => isParent(parent));
  const become = (at: number, change: Partial<Binding>) =>
    setBindings(bindings.map((binding, index) => (index === at ? { ...binding, ...change } : binding)));
  const save = async () => {
    setMade(await ask<Token>("POST", createTokenPath(name), body));
    await queries.invalidateQueries({ queryKey: ["tokens"] });
  };
  const result = made && (
    <Alert component="p" variant="success" isInline isLiveRegion title={t("settings.access.made", { name })}>
      <p>{t("settings.access.once")}</p>
      <p className="secret">
        <code>{made.token}</code> <Copy text={made.token ?? ""} what={t("settings.access.token")} />
      </p>
    </Alert>
  );
  return (
    <EditorDialog
      title={t("settings.access.create")}
      action={t("settings.access.create")}
      isReady={isReady}
      onSave={save}
      onClose={onClose}
      result={result}
    >
            <FormGroup label={t("settings.access.name")} fieldId={`${id}-name`} isRequired>
              <TextInput
                id={`${id}-name`}
                isRequired
                autoComplete="off"
                spellCheck={false}
                validated={name === "" || isTokenName(name) ? "default" : "error"}
                value={name}
                onChange={(_, value) => setName(value)}
              />
              <HelperText>
                <HelperTextItem>{t("settings.access.nameHelp")}</HelperTextItem>
              </HelperText>
            </FormGroup>
            {bindings.map(({ role, parent = "" }, at) => (
              <fieldset key={at} className="binding">
                <legend>{t("settings.access.roleNumber", { number: at + 1 })}</legend>
                <FormSelect aria-label={t("settings.access.role")} value={role} onChange={(_, value) => become(at, { role: value as Binding["role"] })}>
                  {ROLES.map((of) => (
                    <FormSelectOption key={of} value={of} label={of} />
                  ))}
                </FormSelect>
                <TextInput
                  aria-label={t("settings.access.parent")}
                  placeholder={t("settings.access.everywhere")}
                  spellCheck={false}
                  validated={isParent(parent) ? "default" : "error"}
                  value={parent}
                  onChange={(_, value) => become(at, { parent: value })}
                />
                {bindings.length > 1 && (
                  <Button variant="link" onClick={() => setBindings(bindings.filter((__, index) => index !== at))}>
                    {t("settings.access.removeRole")}
                  </Button>
                )}
              </fieldset>
            ))}
            <div>
              <Button variant="link" isInline onClick={() => setBindings([...bindings, { role: "viewer" }])}>
                {t("settings.access.addRole")}
              </Button>
              <HelperText>
                <HelperTextItem>{t("settings.access.parentHelp")}</HelperTextItem>
              </HelperText>
            </div>
            <FormGroup label={t("settings.access.ends")} fieldId={`${id}-ends`}>
              <FormSelect id={`${id}-ends`} value={days} onChange={(_, value) => setDays(Number(value))}>
                {LIVES.map((of) => (
                  <FormSelectOption key={of} value={of} label={of === 0 ? t("settings.access.never") : t("settings.days", { count: of })} />
                ))}
              </FormSelect>
            </FormGroup>
            <CommandPanel
              commands={[
                { by: "vedette", text: command(...tokenArguments(name, bindings, days)) },
                { by: "API", text: curl("POST", createTokenPath(name), body) },
              ]}
            />
    </EditorDialog>
  );
}
