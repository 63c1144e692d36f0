import "./findings.css";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Alert, AlertActionLink, Button, PageSection, Spinner, Title } from "@patternfly/react-core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation, useSearchParams } from "wouter";
import { Refused } from "../api/client";
import { groups, type Row } from "../api/list";
import { useKeys } from "../parts/use_keys";
import type { Meant } from "./action";
import type { ActionKey } from "./action_dialog";
import { asked, orderBy, read, write, type SortField, type View } from "./address";
import { columnsOf, type Column } from "./columns";
import { excluded, narrowed } from "./conjunction";
import { Facets } from "./facets";
import { errorAt } from "./fields";
import { Histogram } from "./histogram";
import { ListTools } from "./list_tools";
import { Nothing } from "./nothing";
import { QueryBar } from "./query_bar";
import { RangeBar } from "./range_bar";
import { EVERYTHING, filterOf, NOTHING, selected, type Selection } from "./selection";
import { SelectionBar } from "./selection_bar";
import { FindingsTable, target, type TableHandle } from "./table";
import { useList } from "./use_list";

const ActionDialog = lazy(() => import("./action_dialog"));
const ExportDialog = lazy(() => import("./export_dialog"));
const ViewsDialog = lazy(() => import("./views_dialog"));

/** Where each list was left, for who comes back from a finding. */
const places = new Map<string, { readonly top: number; readonly current: number }>();
const START = { top: 0, current: 0 };

type Open = { readonly dialog: "export" | "views" } | { readonly dialog: ActionKey; readonly meant: Meant };

function focusFilter(): void {
  const editor = document.querySelector(".query-bar .filter-editor")?.shadowRoot?.querySelector<HTMLElement>(".cm-content");
  (editor ?? document.querySelector<HTMLElement>(".query-bar input"))?.focus();
}

export function FindingsPage() {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [search, setSearch] = useSearchParams();
  const said = search.toString();
  const view = useMemo(() => read(said), [said]);
  const [reloads, setReloads] = useState(0);
  const now = useMemo(() => Date.now(), [view.filter, view.state, view.mute, view.range, view.from, view.to, reloads]);
  const filter = asked(view, now);
  const order = orderBy(view.sort);
  const question = useMemo(() => ({ filter, orderBy: order }), [filter, order]);
  const found = useList(question);
  const { list } = found;
  const columns = useMemo(() => columnsOf(view.columns), [view.columns.join(",")]);
  const [selection, setSelection] = useState<Selection>(NOTHING);
  useEffect(() => setSelection(NOTHING), [filter]);
  const [open, setOpen] = useState<Open>();
  const [above, setAbove] = useState(0);
  useEffect(() => setAbove(0), [question]);
  const table = useRef<TableHandle>(null);

  const become = (change: Partial<View>) => {
    // what another question was can be gone back to; how it is shown is no step of its own
    const isQuestion = ["filter", "state", "mute", "range", "from"].some((key) => key in change);
    setSearch(write({ ...view, ...change }), { replace: !isQuestion });
  };
  const latest = useRef({ view, become });
  latest.current = { view, become };

  const queries = useQueryClient();
  const valuesOf = useCallback(
    async (field: string) => {
      const counted = await queries.fetchQuery(groups(asked({ ...view, filter: "" }, now), field));
      return counted.map(({ value, count }) => [value, String(count)] as const);
    },
    [view, now, queries],
  );

  const filterBy = useCallback((column: Column, value: string, isOut: boolean) => {
    const { view: shown, become: go } = latest.current;
    if (column.field === "state" || column.field === "mute") {
      const other = column.field === "state" ? (value === "ACTIVE" ? "INACTIVE" : "ACTIVE") : value === "MUTED" ? "UNMUTED" : "MUTED";
      go({ [column.field]: isOut ? other : value === "UNDEFINED" ? "UNMUTED" : value });
    } else if (column.field !== undefined && value !== "") {
      go({ filter: (isOut ? excluded : narrowed)(shown.filter, column.field, value) });
    }
  }, []);
  const sortBy = useCallback((field: SortField) => {
    const { view: shown, become: go } = latest.current;
    const isFirst = shown.sort.field !== field;
    // times begin with the last, everything else with the first: severities with the worst
    go({ sort: { field, isDescending: isFirst ? field.endsWith("_time") : !shown.sort.isDescending } });
  }, []);
  const onSelect = useCallback((names: readonly string[], isIn: boolean) => setSelection((before) => selected(before, names, isIn)), []);

  const countAnew = () => {
    void queries.invalidateQueries({ queryKey: ["groups"] });
    void queries.invalidateQueries({ queryKey: ["histogram"] });
  };
  const insert = (isSeen: boolean) => {
    const count = found.insert();
    countAnew();
    table.current?.shift(count);
    if (isSeen) {
      requestAnimationFrame(() => requestAnimationFrame(() => table.current?.toTop()));
    } else {
      setAbove((before) => before + count);
    }
  };
  const act = (action: ActionKey, row?: Row) => {
    const rows = (names: Iterable<string>) => [...names].flatMap((name): readonly Row[] => [list.get(name)].filter((one) => one !== undefined));
    const meant: Meant =
      row !== undefined
        ? { kind: "rows", rows: [row] }
        : selection.kind === "some"
        ? { kind: "rows", rows: rows(selection.names) }
        : {
            kind: "all",
            filter: filterOf(selection, filter),
            total: Math.max(0, list.total - selection.except.size),
            isLeast: list.isLeast,
          };
    setOpen({ dialog: action, meant });
  };
  const hasSelection = selection.kind === "all" || selection.names.size > 0;
  const onKey = (event: KeyboardEvent, row: Row | undefined) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Escape" && hasSelection) {
      setSelection(NOTHING);
    } else if (event.key === "m" && isPlain && (hasSelection || row !== undefined)) {
      act("mute", hasSelection ? undefined : row);
    } else if (event.key === "y" && isPlain && row !== undefined) {
      void navigator.clipboard.writeText(`${location.origin}${target(row.name)}`);
    } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      setSelection(EVERYTHING);
    } else {
      return false;
    }
    return true;
  };
  useKeys({ "/": focusFilter, ...(found.fresh.length > 0 ? { ".": () => insert(false) } : {}) });

  const refused = found.error instanceof Refused ? found.error.message : undefined;
  const error = refused === undefined ? undefined : errorAt(refused, filter, view.filter.trim());
  const reload = () => {
    setReloads((before) => before + 1);
    found.reload();
  };
  const isEmpty = !found.isPending && found.error === null && list.places === 0;
  const title = t("pages.findings");
  return (
    <PageSection isFilled hasBodyWrapper={false} className="findings-page">
      <div className="line head">
        <Title headingLevel="h1">{title}</Title>
        <RangeBar view={view} now={now} become={become} />
        <ListTools
          view={view}
          become={become}
          isPaused={found.isPaused}
          onPause={found.setPaused}
          onReload={reload}
          onViews={() => setOpen({ dialog: "views" })}
          onExport={() => setOpen({ dialog: "export" })}
        />
      </div>
      <QueryBar filter={view.filter} error={error} onApply={(written) => become({ filter: written })} valuesOf={valuesOf} />
      {error === undefined && found.error !== null && (
        <Alert component="h2"
          variant="danger"
          isInline
          isLiveRegion
          title={found.error.message}
          actionLinks={<AlertActionLink onClick={reload}>{t("app.retry")}</AlertActionLink>}
        />
      )}
      {error !== undefined && <Alert component="h2" variant="danger" isInline isPlain isLiveRegion title={error.message} />}
      {found.error === null && (
        <Histogram filter={filter} range={view} now={now} onRange={(from, to) => become({ range: "custom", from, to })} />
      )}
      <div className="list-and-facets">
        <Facets view={view} now={now} become={become} />
        <div className="list">
          <div className="line status">
            {hasSelection ? (
              <SelectionBar
                selection={selection}
                total={list.total}
                isLeast={list.isLeast}
                onAll={() => setSelection(EVERYTHING)}
                onNone={() => setSelection(NOTHING)}
                onAct={act}
              />
            ) : (
              <span role="status">
                {found.isPending ? (
                  <Spinner size="md" aria-label={t("app.loading")} />
                ) : (
                  found.error === null &&
                  t(list.isLeast ? "findings.totalLeast" : "findings.total", { count: list.total })
                )}
                {list.total > list.places && ` ${t("findings.shownMost", { count: list.places })}`}
              </span>
            )}
            <span aria-live="polite" className="pill">
              {found.fresh.length > 0 ? (
                <Button size="sm" onClick={() => insert(true)}>
                  {t(found.isFreshLeast ? "findings.freshLeast" : "findings.fresh", { count: found.fresh.length })} <kbd>.</kbd>
                </Button>
              ) : above > 0 ? (
                <Button size="sm" variant="secondary" onClick={() => table.current?.toTop()}>
                  ↑ {t("findings.above", { count: above })}
                </Button>
              ) : found.isPaused ? (
                t("findings.paused")
              ) : null}
            </span>
          </div>
          {isEmpty ? (
            <Nothing view={view} become={become} />
          ) : (
            found.error === null &&
            list.places > 0 && (
              <FindingsTable
                handle={table}
                question={`${filter} ${order}`}
                list={list}
                version={found.version}
                columns={columns}
                density={view.density}
                sort={view.sort}
                selection={selection}
                isOld={found.isOld}
                place={places.get(said) ?? START}
                onPlace={(place) => places.set(said, place)}
                onTop={() => setAbove(0)}
                onReach={found.reach}
                onSort={sortBy}
                onSelect={onSelect}
                onFilter={filterBy}
                isGone={(row) =>
                  (view.state !== "" && row.state !== view.state) ||
                  (view.mute !== "" && (row.mute === "MUTED") !== (view.mute === "MUTED"))
                }
                onOpen={(name) => navigate(target(name))}
                onKey={onKey}
              />
            )
          )}
          <p className="keys">{t("findings.keys")}</p>
        </div>
      </div>
      <Suspense>
        {open?.dialog === "export" && <ExportDialog filter={filter} onClose={() => setOpen(undefined)} />}
        {open?.dialog === "views" && (
          <ViewsDialog
            search={said}
            onOpen={(to) => {
              setOpen(undefined);
              setSearch(to);
            }}
            onClose={() => setOpen(undefined)}
          />
        )}
        {open !== undefined && "meant" in open && (
          <ActionDialog
            action={open.dialog}
            meant={open.meant}
            onChanged={(row, change) => found.change(row.name, change)}
            onClose={() => {
              setOpen(undefined);
              table.current?.focus();
              countAnew();
            }}
          />
        )}
      </Suspense>
    </PageSection>
  );
}
