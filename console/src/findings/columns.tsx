import type { ReactNode } from "react";
import type { Row } from "../api/list";
import { knownSeverity, LabelledSeverity } from "../parts/severity";
import { runs } from "../text/inert";
import { utc } from "../text/time";
import type { SortField } from "./address";
import type { ColumnKey } from "./column_names";

/** No more of a text is drawn in a row. */
const DRAWN = 160;

/** Words of the reader's language, looked up once for all rows: hundreds are drawn while one scrolls. */
export interface Words {
  readonly severity: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly mute: Readonly<Record<string, string>>;
}

export interface Column {
  readonly key: ColumnKey | "category";
  /** A track of the grid. */
  readonly width: string;
  readonly sort?: SortField;
  /** How the filter language names it. */
  readonly field?: string;
  readonly value: (row: Row) => string;
  readonly show?: (row: Row, words: Words) => ReactNode;
}

function marksOf(row: Row): string {
  return Object.entries(row.marks)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

export const CATEGORY: Column = {
  key: "category",
  width: "minmax(12rem, 2.4fr)",
  sort: "category",
  field: "category",
  value: (row) => row.category,
};

const CHOSEN: Readonly<Record<ColumnKey, Omit<Column, "key">>> = {
  severity: {
    width: "6.5rem",
    sort: "severity",
    field: "severity",
    value: (row) => row.severity,
    show: (row, words) => (
      <LabelledSeverity severity={row.severity} label={words.severity[knownSeverity(row.severity)] ?? ""} />
    ),
  },
  eventTime: {
    width: "12rem",
    sort: "event_time",
    value: (row) => row.eventTime,
    show: (row) => <time dateTime={row.eventTime}>{utc(row.eventTime)}</time>,
  },
  createTime: {
    width: "12.5rem",
    sort: "create_time",
    value: (row) => row.createTime,
    show: (row) => <time dateTime={row.createTime}>{utc(row.createTime)}</time>,
  },
  namespace: { width: "minmax(5rem, 1fr)", field: "source_properties.Pod_Namespace", value: (row) => row.namespace },
  pod: { width: "minmax(7rem, 1.4fr)", field: "source_properties.Pod_Name", value: (row) => row.pod },
  container: { width: "minmax(6rem, 1fr)", field: "source_properties.Container_Name", value: (row) => row.container },
  cluster: { width: "minmax(7rem, 1fr)", field: "resource.display_name", value: (row) => row.cluster },
  project: { width: "minmax(7rem, 1fr)", field: "resource.project_display_name", value: (row) => row.project },
  node: { width: "minmax(8rem, 1fr)", field: "source_properties.VM_Instance_Name", value: (row) => row.node },
  image: { width: "minmax(10rem, 1.5fr)", field: "source_properties.Container_Image_Uri", value: (row) => row.image },
  binary: {
    width: "minmax(9rem, 1.2fr)",
    field: "source_properties.Process_Binary_Fullpath",
    value: (row) => row.binary,
  },
  peer: { width: "minmax(9rem, 1fr)", value: (row) => row.peer },
  state: {
    width: "6.5rem",
    sort: "state",
    field: "state",
    value: (row) => row.state,
    show: (row, words) => words.state[row.state] ?? row.state,
  },
  mute: { width: "7rem", field: "mute", value: (row) => row.mute, show: (row, words) => words.mute[row.mute] ?? row.mute },
  marks: { width: "minmax(9rem, 1.2fr)", value: marksOf },
  resourceName: {
    width: "minmax(14rem, 2fr)",
    sort: "resource_name",
    field: "resource_name",
    value: (row) => row.resourceName,
  },
  description: { width: "minmax(18rem, 3fr)", value: (row) => row.description },
};

export function columnsOf(keys: readonly ColumnKey[]): readonly Column[] {
  const chosen = keys.map((key) => ({ key, ...CHOSEN[key] }));
  const isSeverityFirst = chosen[0]?.key === "severity";
  return isSeverityFirst ? [...chosen.slice(0, 1), CATEGORY, ...chosen.slice(1)] : [CATEGORY, ...chosen];
}

/** What a cell shows: hostile text with visible escapes, on one line. */
export function shown(column: Column, row: Row, words: Words): ReactNode {
  if (column.show !== undefined) {
    return column.show(row, words);
  }
  const value = column.value(row);
  const parts = runs(value.length > DRAWN ? `${value.slice(0, DRAWN)}…` : value);
  return (
    <bdi dir="ltr" className="inert">
      {parts.map((part, index) =>
        part.isEscape ? (
          <span key={index} className="escape">
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
    </bdi>
  );
}
