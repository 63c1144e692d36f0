import { useEffect, useState, type ReactNode } from "react";
import { Button } from "@patternfly/react-core";
import { useTranslation } from "react-i18next";
import "./parts.css";

export interface Column<Row> {
  readonly title: string;
  readonly show: (row: Row) => ReactNode;
  /** Names the row for who hears the table. */
  readonly isName?: boolean;
}

interface Table<Row> {
  /** Says what the table holds. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  /** What is known so far. */
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  /** Shown in place of rows when there are none. */
  readonly empty: ReactNode;
  readonly selected?: string | undefined;
  /** Whether the server has more, and how it is asked. */
  readonly hasMore?: boolean;
  readonly onMore?: () => void;
  readonly pageSize?: number;
}

/** A table that shows a page of its rows. */
export function PagedTable<Row>({
  caption,
  columns,
  rows,
  idOf,
  empty,
  selected,
  hasMore = false,
  onMore,
  pageSize = 25,
}: Table<Row>) {
  const { t } = useTranslation();
  const [asked, setPage] = useState(0);
  const last = Math.max(0, Math.ceil(rows.length / pageSize) - 1);
  // fewer rows than before: a filter, or a deletion
  const page = hasMore ? asked : Math.min(asked, last);
  const first = page * pageSize;
  const shown = rows.slice(first, first + pageSize);
  const hasNext = first + pageSize < rows.length || hasMore;
  // a page of the server may be short, or empty, and lead on
  const isShort = hasMore && rows.length < first + pageSize;
  useEffect(() => {
    if (isShort) {
      onMore?.();
    }
  }, [isShort, rows.length, onMore]);
  if (rows.length === 0 && !hasMore) {
    return <div className="table-empty">{empty}</div>;
  }
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label={caption}>
        <table className="data">
          <caption className="pf-v6-screen-reader">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ title }) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={idOf(row)} className={idOf(row) === selected ? "selected" : undefined}>
                {columns.map(({ title, show, isName }) =>
                  isName === true ? (
                    <th key={title} scope="row">
                      {show(row)}
                    </th>
                  ) : (
                    <td key={title} data-label={title}>
                      {show(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(page > 0 || hasNext) && (
        <nav className="pages" aria-label={t("parts.pagesOf", { what: caption })}>
          <Button variant="secondary" size="sm" isDisabled={page === 0} onClick={() => setPage(page - 1)}>
            {t("parts.previous")}
          </Button>
          <span role="status">
            {shown.length === 0
              ? t("app.loading")
              : t(hasMore ? "parts.rangeOfMore" : "parts.range", { from: first + 1, to: first + shown.length, of: rows.length })}
          </span>
          <Button variant="secondary" size="sm" isDisabled={!hasNext} onClick={() => setPage(page + 1)}>
            {t("parts.next")}
          </Button>
        </nav>
      )}
    </>
  );
}
