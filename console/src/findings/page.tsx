import { lazy, Suspense, useCallback, useMemo, useState, type FormEvent } from "react";
import {
  Alert,
  Button,
  FormSelect,
  FormSelectOption,
  PageSection,
  Spinner,
  TextInput,
  Title,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from "@patternfly/react-core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import { Refused } from "../api/client";
import { findings, groups } from "../api/findings";
import { asked, RANGES, read, write, type Range, type View } from "./address";
import { errorAt } from "./fields";
import { FindingsTable } from "./table";

// most of the page's code: the list does not wait for it
const FilterEditor = lazy(() => import("./filter_editor"));

const STATES = ["ACTIVE", "INACTIVE"] as const;
const MUTES = ["UNMUTED", "MUTED"] as const;
const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW"] as const;

interface Choice {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  readonly onChoose: (value: string) => void;
}

function Choose({ label, value, options, onChoose }: Choice) {
  return (
    <ToolbarItem>
      <FormSelect aria-label={label} value={value} onChange={(_, chosen) => onChoose(chosen)}>
        {options.map(([of, text]) => (
          <FormSelectOption key={of} value={of} label={text} />
        ))}
      </FormSelect>
    </ToolbarItem>
  );
}

export function FindingsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const view = read(search.toString());
  const [draft, setDraft] = useState(view.filter);
  const become = (change: Partial<View>) => setSearch(write({ ...view, ...change }), { replace: true });
  const filter = useMemo(() => asked(view, Date.now()), [search]);
  const query = useInfiniteQuery(findings({ filter, orderBy: "event_time desc" }));
  const rows = query.data?.pages.flatMap((page) => page.results) ?? [];
  const total = query.data?.pages[0]?.total;
  const queries = useQueryClient();
  const valuesOf = useCallback(
    async (field: string) => {
      const counted = await queries.fetchQuery(groups(asked({ ...view, filter: "" }, Date.now()), field));
      return counted.map(({ value, count }) => [value, count] as const);
    },
    [search],
  );
  const refused = query.error instanceof Refused ? query.error.message : undefined;
  const at = refused === undefined ? undefined : errorAt(refused, filter.length - view.filter.trim().length - 1);
  const error = refused === undefined || at === undefined ? undefined : { at, message: refused };
  const any = (label: string) => ["", `${label}: –`] as const;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    become({ filter: draft });
  };
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{t("pages.findings")}</Title>
        <form onSubmit={submit}>
          <Toolbar>
            <ToolbarContent>
              <Choose
                label={t("findings.state")}
                value={view.state}
                options={[any(t("findings.state")), ...STATES.map((of) => [of, t(`state.${of}`)] as const)]}
                onChoose={(state) => become({ state })}
              />
              <Choose
                label={t("findings.mute")}
                value={view.mute}
                options={[
                  any(t("findings.mute")),
                  ...MUTES.map((of) => [of, t(of === "MUTED" ? "mute.MUTED" : "mute.UNDEFINED")] as const),
                ]}
                onChoose={(mute) => become({ mute })}
              />
              <Choose
                label={t("findings.severity")}
                value={view.severity}
                options={[any(t("findings.severity")), ...SEVERITIES.map((of) => [of, t(`severity.${of}`)] as const)]}
                onChoose={(severity) => become({ severity })}
              />
              <Choose
                label={t("findings.range")}
                value={view.range}
                options={(Object.keys(RANGES) as Range[]).map((of) => [of, t(`findings.ranges.${of}`)] as const)}
                onChoose={(range) => become({ range: range as Range })}
              />
              <ToolbarItem className="filter">
                <Suspense
                  fallback={
                    <TextInput
                      aria-label={t("findings.filter")}
                      placeholder={t("findings.filterHelp")}
                      value={draft}
                      onChange={(_, value) => setDraft(value)}
                    />
                  }
                >
                  <FilterEditor
                    label={t("findings.filter")}
                    hint={t("findings.filterHelp")}
                    value={draft}
                    error={error}
                    onChange={setDraft}
                    onApply={(written) => become({ filter: written })}
                    valuesOf={valuesOf}
                  />
                </Suspense>
              </ToolbarItem>
              <ToolbarItem>
                <Button type="submit" variant="secondary">
                  {t("findings.apply")}
                </Button>
              </ToolbarItem>
            </ToolbarContent>
          </Toolbar>
        </form>
        {refused !== undefined && <Alert variant="danger" isInline isLiveRegion title={refused} />}
        <p role="status">
          {query.isPending ? <Spinner size="md" aria-label={t("app.loading")} /> : null}
          {total === undefined ? null : t("findings.total", { count: total })}
        </p>
      </PageSection>
      <PageSection isFilled hasOverflowScroll={false} className="rows">
        {query.isSuccess && rows.length === 0 ? (
          <p>{t("findings.none")}</p>
        ) : (
          <FindingsTable
            rows={rows}
            total={Math.max(total ?? 0, rows.length)}
            needMore={() => {
              if (query.hasNextPage && !query.isFetchingNextPage) {
                void query.fetchNextPage();
              }
            }}
          />
        )}
      </PageSection>
    </>
  );
}
