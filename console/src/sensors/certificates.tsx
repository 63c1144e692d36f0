import { useState } from "react";
import { Alert, Button, FormGroup, FormSelect, FormSelectOption, TextInput } from "@patternfly/react-core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import {
  issueCertificate,
  issuePath,
  REVOKE_PATH,
  revoke,
  revoked,
  undoPath,
  type IssuedCertificate,
  type RevokedCertificate,
} from "../api/certificates";
import { ask } from "../api/client";
import { CommandPanel } from "../parts/command_panel";
import { ConfirmDialog } from "../parts/confirm_dialog";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { PagedTable } from "../parts/paged_table";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { save } from "../parts/save";
import { command } from "../text/shell";

function saveText(name: string, text: string): void {
  const bytes = new Blob([text], { type: "application/octet-stream" });
  save({ bytes, name: name.replaceAll(/[^A-Za-z0-9._-]/g, "_") });
}

const LIVES = { "1h": 3_600, "24h": 86_400, "30d": 2_592_000, "90d": 7_776_000 } as const;
type Life = keyof typeof LIVES;

interface Node {
  readonly cluster: string;
  readonly node: string;
}

function Issue({ cluster, node, onClose, onIssued }: Node & { readonly onClose: () => void; readonly onIssued: (made: IssuedCertificate) => void }) {
  const { t } = useTranslation();
  const [life, setLife] = useState<Life>("24h");
  return (
    <ConfirmDialog
      title={t("sensors.issueFor", { node: `${cluster}/${node}` })}
      action={t("sensors.issue")}
      onConfirm={async () => onIssued(await issueCertificate(cluster, node, LIVES[life]))}
      onClose={onClose}
    >
      <p>{t("sensors.issueAbout")}</p>
      <FormGroup label={t("sensors.life")} fieldId="certificate-life">
        <FormSelect id="certificate-life" value={life} onChange={(_, value) => setLife(value as Life)}>
          {(Object.keys(LIVES) as Life[]).map((of) => (
            <FormSelectOption key={of} value={of} label={t(`sensors.lives.${of}`)} />
          ))}
        </FormSelect>
      </FormGroup>
      <CommandPanel
        commands={[
          { by: "vedette", text: command("vedette", "sensors", "certificate", `${cluster}/${node}`, "-o", "node.pem", "--authority-out", "authority.crt", "--life", life) },
          { by: "API", text: curl("POST", issuePath(cluster, node), { lifeSeconds: String(LIVES[life]) }) },
        ]}
      />
    </ConfirmDialog>
  );
}

function Revoke({ cluster, node, onClose }: Node & { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const name = `${cluster}/${node}`;
  return (
    <ConfirmDialog
      title={t("sensors.revokeOf", { node: name })}
      action={t("sensors.revoke")}
      isDanger
      typed={name}
      onConfirm={async () => {
        await revoke({ node: name }, reason);
        await queries.invalidateQueries({ queryKey: ["revoked"] });
      }}
      onClose={onClose}
    >
      <p>{t("sensors.revokeAbout")}</p>
      <FormGroup label={t("sensors.reason")} fieldId="revoke-reason">
        <TextInput id="revoke-reason" maxLength={1_024} value={reason} onChange={(_, value) => setReason(value)} />
      </FormGroup>
      <CommandPanel
        commands={[
          { by: "vedette", text: command("vedette", "sensors", "revoke", name, ...(reason === "" ? [] : ["--reason", reason])) },
          { by: "API", text: curl("POST", REVOKE_PATH, { node: name, reason }) },
        ]}
      />
    </ConfirmDialog>
  );
}

/** What a node joins with, and how it is shut out. */
export function NodeCertificates({ cluster, node }: Node) {
  const { t } = useTranslation();
  const [dialog, setDialog] = useState<"issue" | "revoke">();
  const [made, setMade] = useState<IssuedCertificate>();
  const close = () => setDialog(undefined);
  return (
    <section className="certificates">
      <h3>{t("sensors.certificates")}</h3>
      {made !== undefined && (
        <Alert component="p" variant="success" isInline isLiveRegion title={t("sensors.issued")}>
          <p>{t("sensors.issuedAbout")}</p>
          <p>
            <code className="hash">{made.fingerprint}</code>
          </p>
          <Button
            variant="secondary"
            size="sm"
            onClick={() => saveText(`${cluster}-${node}.pem`, `${made.certificate ?? ""}${made.privateKey ?? ""}`)}
          >
            {t("sensors.saveIdentity")}
          </Button>{" "}
          <Button variant="secondary" size="sm" onClick={() => saveText("authority.crt", made.authority ?? "")}>
            {t("sensors.saveAuthority")}
          </Button>
        </Alert>
      )}
      <Button variant="secondary" size="sm" onClick={() => setDialog("issue")}>
        {t("sensors.issue")}
      </Button>{" "}
      <Button variant="secondary" size="sm" isDanger onClick={() => setDialog("revoke")}>
        {t("sensors.revoke")}
      </Button>
      {dialog === "issue" && <Issue cluster={cluster} node={node} onClose={close} onIssued={setMade} />}
      {dialog === "revoke" && <Revoke cluster={cluster} node={node} onClose={close} />}
    </section>
  );
}

/** What no longer counts. One certificate can count again, a node's all cannot. */
export function RevokedCertificates() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(revoked);
  const [undone, setUndone] = useState<RevokedCertificate>();
  const fingerprint = undone?.fingerprint ?? "";
  return (
    <>
      <Failure error={error} onRetry={() => void refetch()} />
      {data !== undefined && (
        <PagedTable
          caption={t("sensors.revoked")}
          rows={data}
          idOf={({ name }) => name ?? ""}
          empty={t("sensors.revokedNone")}
          columns={[
            {
              title: t("sensors.revokedWhat"),
              isName: true,
              show: ({ node, fingerprint: of }) => (
                <code className="hash">
                  <Inert text={node ?? of ?? ""} />
                </code>
              ),
            },
            { title: t("sensors.revokedAt"), show: ({ createTime }) => <When time={createTime} /> },
            { title: t("sensors.revokedBy"), show: ({ revokedBy }) => <Inert text={revokedBy ?? ""} /> },
            { title: t("sensors.reason"), show: ({ reason }) => <Inert text={reason ?? ""} limit={300} /> },
            {
              title: t("sensors.undo"),
              show: (row) =>
                row.fingerprint === undefined ? (
                  t("sensors.undoNever")
                ) : (
                  <Button variant="link" isInline onClick={() => setUndone(row)}>
                    {t("sensors.undo")}
                  </Button>
                ),
            },
          ]}
        />
      )}
      <CommandPanel
        commands={[
          { by: "vedette", text: "vedette sensors list-revoked" },
          { by: "API", text: curl("GET", REVOKE_PATH) },
        ]}
      />
      {undone !== undefined && (
        <ConfirmDialog
          title={t("sensors.undoTitle")}
          action={t("sensors.undo")}
          onConfirm={async () => {
            await ask("DELETE", undoPath(fingerprint));
            await queries.invalidateQueries({ queryKey: ["revoked"] });
          }}
          onClose={() => setUndone(undefined)}
        >
          <p>{t("sensors.undoAbout")}</p>
          <code className="hash">{fingerprint}</code>
          <CommandPanel
            commands={[
              { by: "vedette", text: command("vedette", "sensors", "revoke", fingerprint, "--undo") },
              { by: "API", text: curl("DELETE", undoPath(fingerprint)) },
            ]}
          />
        </ConfirmDialog>
      )}
    </>
  );
}
