import { useState } from "react";
import { Button, Spinner } from "@patternfly/react-core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { tokenPath, tokens, type Token } from "../api/access";
import { ask } from "../api/client";
import { configuration } from "../api/configuration";
import { CommandPanel } from "../parts/command_panel";
import { ConfirmDialog } from "../parts/confirm_dialog";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { Mark } from "../parts/mark";
import { PagedTable } from "../parts/paged_table";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { command } from "../text/shell";
import { grantWords } from "./grants";
import { partsOf } from "./output_config";
import { SettingKeys } from "./setting_keys";
import { TokenCreator } from "./token_form";

function Revoke({ token, onClose }: { readonly token: Token; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { id } = partsOf(token.name ?? "");
  return (
    <ConfirmDialog
      title={t("settings.access.revokeTitle", { id })}
      action={t("settings.access.revoke")}
      isDanger
      typed={id}
      onConfirm={async () => {
        await ask("DELETE", tokenPath(id));
        await queries.invalidateQueries({ queryKey: ["tokens"] });
      }}
      onClose={onClose}
    >
      <p>{t("settings.access.revokeAbout", { roles: (token.bindings ?? []).map(grantWords).join(", ") })}</p>
      {token.lastUsedTime !== undefined && (
        <p>
          {t("settings.access.lastUsed")}: <When time={token.lastUsedTime} />
        </p>
      )}
      <CommandPanel
        commands={[
          { by: "vedette", text: command("vedette", "tokens", "revoke", id) },
          { by: "API", text: curl("DELETE", tokenPath(id)) },
        ]}
      />
    </ConfirmDialog>
  );
}

/** What each role may do, as the server says. */
function Roles() {
  const { t } = useTranslation();
  const { data, error } = useQuery(configuration);
  const roles = data?.roles ?? [];
  const permissions = [...new Set(roles.flatMap(({ permissions: of }) => of ?? []))];
  return (
    <>
      <h2>{t("settings.access.roles")}</h2>
      <Failure error={error} />
      {roles.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={t("settings.access.roles")}>
          <table className="data roles">
            <caption className="pf-v6-screen-reader">{t("settings.access.roles")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("settings.access.permission")}</th>
                {roles.map(({ role }) => (
                  <th key={role} scope="col">
                    {role}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {permissions.map((permission) => (
                <tr key={permission}>
                  <th scope="row">
                    <code>{permission}</code>
                  </th>
                  {roles.map(({ role, permissions: of }) => (
                    <td key={role}>
                      {of?.includes(permission) === true ? (
                        <Mark kind="good">{t("settings.yes")}</Mark>
                      ) : (
                        <span className="meaning">{t("settings.no")}</span>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** Who may do what. */
export function AccessTab() {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useQuery(tokens);
  const [isCreating, setCreating] = useState(false);
  const [revoked, setRevoked] = useState<Token>();
  return (
    <>
      <h2>{t("settings.access.tokens")}</h2>
      <p>{t("settings.access.about")}</p>
      <p>
        <Button variant="primary" size="sm" onClick={() => setCreating(true)}>
          {t("settings.access.create")}
        </Button>
      </p>
      <Failure error={error} onRetry={() => void refetch()} />
      {isPending && <Spinner aria-label={t("app.loading")} />}
      {data !== undefined && (
        <PagedTable
          caption={t("settings.access.tokens")}
          rows={data}
          idOf={({ name }) => name ?? ""}
          empty={t("settings.access.none")}
          columns={[
            { title: t("settings.access.name"), isName: true, show: ({ name }) => <Inert text={partsOf(name ?? "").id} /> },
            {
              title: t("settings.access.roles"),
              show: ({ bindings }) => (
                <ul className="plain">
                  {(bindings ?? []).map((binding) => (
                    <li key={grantWords(binding)}>
                      <code>{grantWords(binding)}</code>
                    </li>
                  ))}
                </ul>
              ),
            },
            {
              title: t("settings.access.ends"),
              show: ({ expireTime }) =>
                expireTime === undefined ? (
                  t("settings.access.never")
                ) : Date.parse(expireTime) <= Date.now() ? (
                  <Mark kind="off">
                    {t("settings.access.ended")} <When time={expireTime} />
                  </Mark>
                ) : (
                  <When time={expireTime} />
                ),
            },
            {
              title: t("settings.access.lastUsed"),
              show: ({ lastUsedTime }) => (lastUsedTime === undefined ? t("settings.access.notYet") : <When time={lastUsedTime} />),
            },
            { title: t("settings.access.createdBy"), show: ({ createdBy }) => <Inert text={createdBy ?? ""} limit={80} /> },
            { title: t("settings.access.created"), show: ({ createTime }) => <When time={createTime} /> },
            {
              title: t("settings.change"),
              show: (token) => (
                <Button
                  variant="link"
                  isInline
                  isDanger
                  aria-label={`${t("settings.access.revoke")}: ${partsOf(token.name ?? "").id}`}
                  onClick={() => setRevoked(token)}
                >
                  {t("settings.access.revoke")}
                </Button>
              ),
            },
          ]}
        />
      )}
      <CommandPanel
        commands={[
          { by: "vedette", text: "vedette tokens list" },
          { by: "API", text: curl("GET", "/v2/organizations/-/tokens") },
        ]}
      />
      <Roles />
      <SettingKeys begin="access" />
      {isCreating && <TokenCreator onClose={() => setCreating(false)} />}
      {revoked !== undefined && <Revoke token={revoked} onClose={() => setRevoked(undefined)} />}
    </>
  );
}
