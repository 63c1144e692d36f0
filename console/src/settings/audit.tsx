import { useState, type FormEvent } from "react";
import { Button, FormGroup, Spinner, TextInput } from "@patternfly/react-core";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import { auditLog, auditPath, type AuditAsked, type AuditEntry } from "../api/access";
import { CommandPanel } from "../parts/command_panel";
import { Failure } from "../parts/failure";
import { Inert } from "../parts/inert";
import { Mark } from "../parts/mark";
import { PagedTable } from "../parts/paged_table";
import { When } from "../parts/when";
import { curl } from "../text/curl";
import { command } from "../text/shell";

const PAGE = 50;
const FIELDS = ["principal", "method", "startTime", "endTime"] as const;

function rfc3339(text: string): string {
  const at = new Date(text);
  return text === "" || Number.isNaN(at.getTime()) ? "" : at.toISOString();
}

function Detail({ entry: { detail } }: { readonly entry: AuditEntry }) {
  const { t } = useTranslation();
  const isEmpty = detail == null || (typeof detail === "object" && Object.keys(detail).length === 0);
  return isEmpty ? null : (
    <details>
      <summary>{t("settings.audit.detail")}</summary>
      <code>
        <Inert text={JSON.stringify(detail)} limit={1_000} />
      </code>
    </details>
  );
}

/** Who did what, the newest first. */
export function AuditTab() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const said = (field: (typeof FIELDS)[number]) => search.get(field) ?? "";
  const [form, setForm] = useState({
    principal: said("principal"),
    method: said("method"),
    startTime: said("startTime"),
    endTime: said("endTime"),
  });
  const asked: AuditAsked = {
    principal: said("principal"),
    method: said("method"),
    startTime: rfc3339(said("startTime")),
    endTime: rfc3339(said("endTime")),
  };
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    ...auditLog(asked, PAGE),
    placeholderData: keepPreviousData,
  });
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const filled = Object.fromEntries(Object.entries(form).filter(([, value]) => value.trim() !== ""));
    setSearch({ tab: "audit", ...filled }, { replace: true });
  };
  const narrowing = [
    ...(asked.startTime === "" ? [] : ["--since", asked.startTime]),
    ...(asked.endTime === "" ? [] : ["--until", asked.endTime]),
    ...(asked.principal === "" ? [] : ["--principal", asked.principal]),
    ...(asked.method === "" ? [] : ["--method", asked.method]),
  ];
  return (
    <>
      <p>{t("settings.audit.about")}</p>
      <form className="audit-filter" onSubmit={submit}>
        {FIELDS.map((field) => (
          <FormGroup key={field} label={t(`settings.audit.fields.${field}`)} fieldId={`audit-${field}`}>
            <TextInput
              id={`audit-${field}`}
              spellCheck={false}
              type={field.endsWith("Time") ? "datetime-local" : "text"}
              placeholder={field === "method" ? "findings.setMute" : "token:ci"}
              value={form[field]}
              onChange={(_, value) => setForm({ ...form, [field]: value })}
            />
          </FormGroup>
        ))}
        <Button type="submit" variant="secondary">
          {t("findings.apply")}
        </Button>
      </form>
      <Failure error={error} onRetry={() => void refetch()} />
      {isPending && <Spinner aria-label={t("app.loading")} />}
      {data !== undefined && (
        <PagedTable
          key={JSON.stringify(asked)}
          caption={t("settings.tabs.audit")}
          rows={entries}
          idOf={({ name }) => name ?? ""}
          empty={t("settings.audit.none")}
          pageSize={PAGE}
          hasMore={hasNextPage}
          onMore={() => {
            if (!isFetchingNextPage) {
              void fetchNextPage();
            }
          }}
          columns={[
            { title: t("settings.time"), show: ({ time }) => <When time={time} /> },
            { title: t("settings.audit.fields.principal"), isName: true, show: ({ principal }) => <Inert text={principal ?? ""} limit={100} /> },
            { title: t("settings.audit.fields.method"), show: ({ method }) => <code>{method}</code> },
            {
              title: t("settings.audit.outcome"),
              show: ({ outcome }) => <Mark kind={outcome === "OK" ? "good" : "attention"}>{outcome}</Mark>,
            },
            {
              title: t("settings.audit.resource"),
              show: (entry) => (
                <>
                  <Inert text={entry.resource ?? ""} limit={160} />
                  <Detail entry={entry} />
                </>
              ),
            },
            { title: t("settings.audit.from"), show: ({ address }) => <Inert text={address ?? ""} limit={60} /> },
          ]}
        />
      )}
      <CommandPanel
        commands={[
          { by: "vedette", text: command("vedette", "audit", "list", ...narrowing) },
          { by: "API", text: curl("GET", auditPath(asked, PAGE, "")) },
        ]}
      />
    </>
  );
}
