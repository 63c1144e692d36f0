import { useState } from "react";
import { Alert, AlertActionLink, Button, Popover } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import type { Finding } from "../api/finding";
import { EquivalentCommands } from "./equivalent_commands";
import { setMute, setState, show } from "./equivalents";
import { ExternalSystemDialog } from "./external_system";
import { MarksDialog } from "./marks";
import { Inert } from "../parts/inert";
import type { Change, useChanges } from "./use_changes";

export type Dialog = "marks" | "system" | undefined;

interface Actions {
  readonly name: string;
  readonly finding: Finding;
  readonly changes: ReturnType<typeof useChanges>;
  readonly dialog: Dialog;
  readonly onDialog: (dialog: Dialog) => void;
  /** What was done last, and how to take it back. */
  readonly done: Done | undefined;
  readonly onDone: (done: Done | undefined) => void;
}

export interface Done {
  readonly title: string;
  readonly undo: Change;
}

/** What `state` and `mute` become, and back. */
export function opposite(finding: Finding, kind: "state" | "mute"): { readonly to: Change; readonly back: Change } {
  if (kind === "state") {
    const isActive = finding.state !== "INACTIVE";
    return {
      to: { kind, state: isActive ? "INACTIVE" : "ACTIVE" },
      back: { kind, state: isActive ? "ACTIVE" : "INACTIVE" },
    };
  }
  const isMuted = finding.mute === "MUTED";
  return {
    to: { kind, mute: isMuted ? "UNMUTED" : "MUTED" },
    back: { kind, mute: isMuted ? "MUTED" : finding.mute === "UNMUTED" ? "UNMUTED" : "UNDEFINED" },
  };
}

/** State, mute, marks and the ticket, each with the commands that do the same. */
export function FindingActions({ name, finding, changes, dialog, onDialog, done, onDone }: Actions) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const isActive = finding.state !== "INACTIVE";
  const isMuted = finding.mute === "MUTED";
  const origin = location.origin;
  const run = (kind: "state" | "mute") => {
    const { to, back } = opposite(finding, kind);
    changes.mutate(to, { onSuccess: () => onDone({ title: t(titleOf(to)), undo: back }) });
  };
  return (
    <>
      <div className="finding-actions">
        <Button variant="secondary" size="sm" isDisabled={changes.isPending} onClick={() => run("state")}>
          {t(isActive ? "finding.close" : "finding.reopen")}
        </Button>
        <Button variant="secondary" size="sm" isDisabled={changes.isPending} onClick={() => run("mute")} aria-keyshortcuts="m">
          {t(isMuted ? "finding.unmute" : "finding.mute")}
        </Button>
        <Button variant="secondary" size="sm" onClick={() => onDialog("marks")}>
          {t("finding.marks")} …
        </Button>
        <Button variant="secondary" size="sm" onClick={() => onDialog("system")}>
          {t("finding.external")} …
        </Button>
        <Popover
          aria-label={t("finding.commands")}
          isVisible={isOpen}
          shouldOpen={() => setOpen(true)}
          shouldClose={() => setOpen(false)}
          position="bottom-end"
          minWidth="min(44rem, 90vw)"
          maxWidth="min(44rem, 90vw)"
          bodyContent={
            <div className="commands">
              <p className="command-title">{t("finding.showIt")}</p>
              <EquivalentCommands of={show(origin, name)} />
              <p className="command-title">{t(isActive ? "finding.close" : "finding.reopen")}</p>
              <EquivalentCommands of={setState(origin, name, isActive ? "INACTIVE" : "ACTIVE")} />
              <p className="command-title">{t(isMuted ? "finding.unmute" : "finding.mute")}</p>
              <EquivalentCommands of={setMute(origin, name, isMuted ? "UNMUTED" : "MUTED")} />
              <p className="meaning">{t("finding.commandsMore")}</p>
            </div>
          }
        >
          <Button variant="secondary" size="sm">
            {t("finding.commands")}
          </Button>
        </Popover>
      </div>
      {changes.error !== null && dialog === undefined && (
        <Alert variant="danger" isInline isLiveRegion title={<Inert text={changes.error.message} />} />
      )}
      {done !== undefined && (
        <Alert
          variant="success"
          isInline
          isLiveRegion
          title={done.title}
          actionLinks={
            <AlertActionLink onClick={() => changes.mutate(done.undo, { onSuccess: () => onDone(undefined) })}>
              {t("finding.undo")}
            </AlertActionLink>
          }
        />
      )}
      {dialog === "marks" && (
        <MarksDialog
          name={name}
          marks={finding.securityMarks?.marks ?? {}}
          changes={changes}
          onClose={() => onDialog(undefined)}
        />
      )}
      {dialog === "system" && (
        <ExternalSystemDialog
          name={name}
          systems={finding.externalSystems ?? {}}
          changes={changes}
          onClose={() => onDialog(undefined)}
        />
      )}
    </>
  );
}

/** The message that says that a change was done. */
export function titleOf(change: Change) {
  if (change.kind === "state") {
    return change.state === "ACTIVE" ? ("finding.reopened" as const) : ("finding.closed" as const);
  }
  return change.kind === "mute" && change.mute === "MUTED" ? ("finding.muted" as const) : ("finding.unmuted" as const);
}
