import { useEffect, useRef, useState } from "react";
import {
  Alert,
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  Progress,
  TextInput,
} from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { Row } from "../api/list";
import { Copy } from "../parts/copy";
import { Inert } from "../parts/inert";
import { isPossible, ONE_BY_ONE_MAX, perform, takeBack, UNDO_MAX, type Meant, type Outcome } from "./action";
import { curl, curlForAll, isMarkKey, vedette, vedetteForAll, type Change } from "./change";

export type ActionKey = "mute" | "unmute" | "byRules" | "close" | "reopen" | "marks";

const CHANGES: Readonly<Record<Exclude<ActionKey, "marks">, Change>> = {
  mute: { kind: "mute", to: "MUTED" },
  unmute: { kind: "mute", to: "UNMUTED" },
  byRules: { kind: "mute", to: "UNDEFINED" },
  close: { kind: "state", to: "INACTIVE" },
  reopen: { kind: "state", to: "ACTIVE" },
};

/** Findings whose commands are written out; a thousand lines are no help to a reader. */
const WRITTEN = 200;

interface ActionDialogProps {
  readonly action: ActionKey;
  readonly meant: Meant;
  readonly onChanged: (row: Row, change: Partial<Row>) => void;
  readonly onClose: () => void;
}

function Commands({ title, text, none }: { readonly title: string; readonly text: string | undefined; readonly none: string }) {
  return (
    <div className="commands">
      <strong>{title}</strong> {text !== undefined && <Copy text={text} what={title} />}
      {text === undefined ? <p>{none}</p> : <pre tabIndex={0}>{text}</pre>}
    </div>
  );
}

/** What an action will do, the same as commands, how far it is, what failed, and the way back. */
export default function ActionDialog({ action, meant, onChanged, onClose }: ActionDialogProps) {
  const { t } = useTranslation();
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const [progress, setProgress] = useState<readonly [number, number]>();
  const [outcome, setOutcome] = useState<Outcome>();
  const [isBack, setBack] = useState(false);
  const [error, setError] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const isWrongKey = action === "marks" && key !== "" && !isMarkKey(key);
  const change: Change | undefined =
    action !== "marks"
      ? CHANGES[action]
      : !isMarkKey(key)
        ? undefined
        : value === ""
          ? { kind: "marks", set: {}, remove: [key] }
          : { kind: "marks", set: { [key]: value }, remove: [] };
  const count = meant.kind === "rows" ? meant.rows.length : meant.total;
  const isRunning = progress !== undefined && outcome === undefined && error === undefined;

  const run = async (work: (doing: Parameters<typeof perform>[2]) => Promise<Outcome>) => {
    stop.current = new AbortController();
    setOutcome(undefined);
    setError(undefined);
    setProgress([0, count]);
    try {
      const onProgress = (finished: number, of: number) => setProgress([finished, of]);
      setOutcome(await work({ signal: stop.current.signal, onProgress, onChanged }));
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  };
  const start = () => {
    if (change !== undefined) {
      setBack(false);
      void run((doing) => perform(change, meant, doing));
    }
  };
  const undo = () => {
    const steps = outcome?.undo ?? [];
    setBack(true);
    void run((doing) => takeBack(steps, doing));
  };

  const names = meant.kind === "rows" ? meant.rows.map((row) => row.name).slice(0, WRITTEN) : [];
  const canDo = change !== undefined && isPossible(change, meant);
  const origin = location.origin;
  const asVedette =
    change === undefined
      ? undefined
      : meant.kind === "rows"
        ? vedette(change, names, origin)
        : vedetteForAll(change, meant.filter, origin);
  const asCurl =
    change === undefined ? undefined : meant.kind === "rows" ? curl(change, names, origin) : curlForAll(change, meant.filter, origin);
  const hasCommands = change !== undefined;
  return (
    // what has begun is stopped by its button, not by the way
    <Modal
      isOpen
      variant="medium"
      aria-labelledby="action-title"
      aria-describedby="action-body"
      {...(isRunning ? { onEscapePress: () => undefined } : { onClose })}
    >
      <ModalHeader labelId="action-title" title={`${t(`findings.actions.${action}`)} – ${t("findings.total", { count })}`} />
      <ModalBody id="action-body">
        <p>{t(`findings.explained.${action}`)}</p>
        {meant.kind === "all" && <p>{t("findings.allMeant")}</p>}
        {action === "marks" && outcome === undefined && (
          <Form onSubmit={(event) => event.preventDefault()}>
            <FormGroup label={t("findings.markKey")} fieldId="mark-key" isRequired>
              <TextInput
                id="mark-key"
                isRequired
                value={key}
                validated={isWrongKey ? "error" : "default"}
                onChange={(_, said) => setKey(said)}
              />
              {isWrongKey && (
                <FormHelperText>
                  <HelperText>
                    <HelperTextItem variant="error">{t("findings.markKeyWrong")}</HelperTextItem>
                  </HelperText>
                </FormHelperText>
              )}
            </FormGroup>
            <FormGroup label={t("findings.markValue")} fieldId="mark-value">
              <TextInput id="mark-value" value={value} maxLength={4_096} onChange={(_, said) => setValue(said)} />
              <FormHelperText>
                <HelperText>
                  <HelperTextItem>{t("findings.markValueHelp")}</HelperTextItem>
                </HelperText>
              </FormHelperText>
            </FormGroup>
          </Form>
        )}
        {change !== undefined && !canDo && (
          <Alert component="h2" variant="warning" isInline title={t("findings.tooMany", { most: ONE_BY_ONE_MAX })} />
        )}
        {hasCommands && outcome === undefined && !isRunning && (
          <>
            {meant.kind === "rows" && meant.rows.length > WRITTEN && <p>{t("findings.commandsFirst", { count: WRITTEN })}</p>}
            <Commands title="vedette" text={asVedette} none={t("findings.noCommand")} />
            <Commands title="API" text={asCurl} none={t("findings.noRequest")} />
          </>
        )}
        {isRunning && (
          <Progress
            aria-label={t("findings.progress")}
            title={t("findings.progress")}
            value={progress[1] === 0 ? 0 : (progress[0] / progress[1]) * 100}
            label={`${progress[0]} / ${progress[1]}`}
          />
        )}
        {error !== undefined && <Alert component="h2" variant="danger" isInline isLiveRegion title={error} />}
        {outcome !== undefined && (
          <>
            <Alert component="h2"
              variant={outcome.failed.length > 0 || outcome.left > 0 ? "warning" : "success"}
              isInline
              isLiveRegion
              title={
                outcome.changed === undefined
                  ? t("findings.doneAll")
                  : t(isBack ? "findings.doneBack" : "findings.done", { count: outcome.changed })
              }
            >
              {outcome.left > 0 && <p>{t("findings.left", { count: outcome.left })}</p>}
              {!isBack && outcome.changed === undefined && <p>{t("findings.noUndo", { most: UNDO_MAX })}</p>}
            </Alert>
            {outcome.failed.length > 0 && (
              <>
                <p>{t("findings.failed", { count: outcome.failed.length })}</p>
                <ul className="failures">
                  {outcome.failed.map(({ item, message }) => (
                    <li key={item.name}>
                      <Inert text={item.category} limit={120} /> <code>{item.name.split("/").at(-1)}</code>: <Inert text={message} />
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </ModalBody>
      <ModalFooter>
        {outcome === undefined && (
          <Button onClick={start} isDisabled={!canDo || isRunning} isLoading={isRunning}>
            {t(`findings.actions.${action}`)}
          </Button>
        )}
        {isRunning && (
          <Button variant="secondary" onClick={() => stop.current?.abort()}>
            {t("findings.stop")}
          </Button>
        )}
        {outcome !== undefined && outcome.undo.length > 0 && !isBack && (
          <Button variant="secondary" onClick={undo}>
            {t("findings.undo")}
          </Button>
        )}
        {!isRunning && (
          <Button variant="link" onClick={onClose}>
            {t("app.close")}
          </Button>
        )}
      </ModalFooter>
    </Modal>
  );
}
