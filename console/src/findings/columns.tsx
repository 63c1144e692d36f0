import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Row } from "../api/list";
import { Inert } from "../parts/inert";
import { SeverityMark } from "../parts/severity";
import { When } from "../parts/when";
import type { Messages } from "../messages/en";
import type { SortField } from "./address";
import type { ColumnKey } from "./column_names";

/** No more of a text is drawn in a row. */
const DRAWN = 160;

export interface Column {
  readonly key: ColumnKey | "category";
  /** A track of the grid. */
  readonly width: string;
  readonly sort?: SortField;
  /** How the filter language names it. */
  readonly field?: string;
  readonly value: (row: Row) => string;
  readonly show?: (row: Row) => ReactNode;
}

function Word({ kind, value }: { readonly kind: "state" | "mute"; readonly value: string }) {
  const { t } = useTranslation();
  return t(`${kind}.${value}` as `state.${keyof Messages["state"]}`, { defaultValue: value });
}

function marksOf(row: Row): string {
  return Object.entries(row.marks)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

export const CATEGORY: Column = {
  key: "category",
  width: "minmax(16rem, 2.4fr)",
  sort: "category",
  field: "category",
  value: (row) => row.category,
};

const CHOSEN: Readonly<Record<ColumnKey, Omit<Column, "key">>> = {
  severity: {
    width: "7.5rem",
    sort: "severity",
    field: "severity",
    value: (row) => row.severity,
    show: (row) => <SeverityMark severity={row.severity} />,
  },
  eventTime: {
    width: "12rem",
    sort: "event_time",
    value: (row) => row.eventTime,
    show: (row) => <When time={row.eventTime} />,
  },
  createTime: {
    width: "12.5rem",
    sort: "create_time",
    value: (row) => row.createTime,
    show: (row) => <When time={row.createTime} />,
  },
  namespace: { width: "minmax(6rem, 1fr)", field: "source_properties.Pod_Namespace", value: (row) => row.namespace },
  pod: { width: "minmax(9rem, 1.4fr)", field: "source_properties.Pod_Name", value: (row) => row.pod },
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
    show: (row) => <Word kind="state" value={row.state} />,
  },
  mute: { width: "7rem", field: "mute", value: (row) => row.mute, show: (row) => <Word kind="mute" value={row.mute} /> },
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

export function Shown({ column, row }: { readonly column: Column; readonly row: Row }) {
  if (column.show !== undefined) {
    return column.show(row);
  }
  const value = column.value(row);
  return <Inert text={value.length > DRAWN ? `${value.slice(0, DRAWN)}…` : value} />;
}
