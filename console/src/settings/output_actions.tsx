import { useState } from "react";
import { Alert, Button } from "@patternfly/react-core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { ask } from "../api/client";
import { deadLetters, replayDeadLetters, type NotificationConfig, type Output } from "../api/outputs";
import { CommandPanel } from "../parts/command_panel";
import { ConfirmDialog } from "../parts/confirm_dialog";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { PagedTable } from "../parts/paged_table";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { command } from "../text/shell";
import { isPaused, partsOf, paused, resumed } from "./output_config";

/** Sends a made-up finding and says what came back. */
export function TestOutput({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  const sent = useMutation({ mutationFn: () => ask("POST", `/v2/${name}:test`, {}) });
  return (
    <>
      <Button variant="secondary" size="sm" isLoading={sent.isPending} isDisabled={sent.isPending} onClick={() => sent.mutate()}>
        {t("settings.outputs.test")}
      </Button>
      <div role="status">
        {sent.isSuccess && <Alert component="p" variant="success" isInline isPlain title={t("settings.outputs.tested")} />}
        {sent.error !== null && (
          <Alert component="p" variant="danger" isInline title={t("settings.outputs.notTaken")}>
            <Inert text={sent.error.message} />
          </Alert>
        )}
      </div>
      <CommandPanel
        commands={[
          { by: "vedette", text: command("vedette", "outputs", "test", name) },
          { by: "API", text: curl("POST", `/v2/${name}:test`, {}) },
        ]}
      />
    </>
  );
}

/** Keeps the output and sends nothing, or goes on. */
export function PauseOutput({ name, config }: { readonly name: string; readonly config: NotificationConfig }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const filter = config.streamingConfig?.filter ?? "";
  const isStopped = isPaused(filter);
  const path = `/v2/${name}?updateMask=streamingConfig`;
  const body = { streamingConfig: { filter: isStopped ? resumed(filter) : paused(filter) } };
  const action = t(isStopped ? "settings.outputs.resume" : "settings.outputs.pause");
  return (
    <>
      <Button variant="secondary" size="sm" onClick={() => setAsking(true)}>
        {action}
      </Button>
      {isAsking && (
        <ConfirmDialog
          title={`${action}: ${partsOf(name).id}`}
          action={action}
          onConfirm={async () => {
            await ask("PATCH", path, body);
            await queries.invalidateQueries({ queryKey: ["outputs"] });
          }}
          onClose={() => setAsking(false)}
        >
          <p>{t(isStopped ? "settings.outputs.resumeAbout" : "settings.outputs.pauseAbout")}</p>
          <CommandPanel commands={[{ by: "API", text: curl("PATCH", path, body) }]} />
        </ConfirmDialog>
      )}
    </>
  );
}

export function DeleteOutput({ output: { status }, onDeleted }: { readonly output: Output; readonly onDeleted: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const { id, scope } = partsOf(status.name);
  const letters = Number(status.deadLetterCount ?? 0);
  return (
    <>
      <Button variant="secondary" size="sm" isDanger onClick={() => setAsking(true)}>
        {t("settings.delete")}
      </Button>
      {isAsking && (
        <ConfirmDialog
          title={t("settings.outputs.deleteTitle", { id })}
          action={t("settings.delete")}
          isDanger
          typed={id}
          onConfirm={async () => {
            await ask("DELETE", `/v2/${status.name}`);
            await queries.invalidateQueries({ queryKey: ["outputs"] });
            onDeleted();
          }}
          onClose={() => setAsking(false)}
        >
          <p>{t("settings.outputs.deleteAbout", { scope })}</p>
          {letters > 0 && <p>{t("settings.outputs.deleteLetters", { count: letters })}</p>}
          <CommandPanel commands={[{ by: "API", text: curl("DELETE", `/v2/${status.name}`) }]} />
        </ConfirmDialog>
      )}
    </>
  );
}

/** What could not be delivered, why, and sending it again. */
export function DeadLetters({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error } = useQuery(deadLetters(name));
  const again = useMutation({
    mutationFn: () => replayDeadLetters(name),
    onSettled: () => queries.invalidateQueries({ queryKey: ["outputs"] }),
  });
  return (
    <section>
      <h3>{t("settings.outputs.deadLetters")}</h3>
      <Failure error={error} />
      <Failure error={again.error} isAction />
      <div role="status">
        {again.data !== undefined && (
          <Alert
            component="p"
            variant={(again.data.stopReason ?? "") === "" ? "success" : "warning"}
            isInline
            title={t("settings.outputs.replayed", {
              count: Number(again.data.deliveredCount ?? 0),
              left: again.data.remainingCount ?? "0",
            })}
          >
            {again.data.stopReason !== undefined && <Inert text={again.data.stopReason} />}
          </Alert>
        )}
      </div>
      {data !== undefined && (
        <PagedTable
          caption={t("settings.outputs.deadLetters")}
          rows={data}
          idOf={(letter) => letter.name ?? ""}
          empty={t("settings.outputs.deadLettersNone")}
          pageSize={10}
          columns={[
            { title: t("settings.time"), show: ({ createTime }) => <When time={createTime} /> },
            {
              title: t("pages.findings"),
              isName: true,
              show: ({ finding }) => (
                <Link href={`/finding/${finding ?? ""}`}>
                  <Inert text={finding?.split("/").at(-1) ?? ""} limit={60} />
                </Link>
              ),
            },
            { title: t("settings.outputs.attempts"), show: ({ attempts }) => <span className="number">{attempts}</span> },
            { title: t("settings.outputs.reason"), show: ({ reason }) => <Inert text={reason ?? ""} limit={300} /> },
          ]}
        />
      )}
      {data !== undefined && data.length > 0 && (
        <>
          <Button variant="secondary" size="sm" isLoading={again.isPending} isDisabled={again.isPending} onClick={() => again.mutate()}>
            {t("settings.outputs.replay")}
          </Button>
          <CommandPanel
            commands={[
              { by: "vedette", text: command("vedette", "outputs", "replay", name) },
              { by: "API", text: curl("POST", `/v2/${name}:replayDeadLetters`, {}) },
            ]}
          />
        </>
      )}
    </section>
  );
}
