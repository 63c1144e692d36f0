/** Columns that can be chosen, in their order. Selection and category are always there. */
export const COLUMNS = [
  "severity",
  "eventTime",
  "createTime",
  "namespace",
  "pod",
  "container",
  "cluster",
  "project",
  "node",
  "image",
  "binary",
  "peer",
  "state",
  "mute",
  "marks",
  "resourceName",
  "description",
] as const;

export type ColumnKey = (typeof COLUMNS)[number];

export const INITIAL_COLUMNS: readonly ColumnKey[] = ["severity", "eventTime", "namespace", "pod"];

export function isColumn(name: string): name is ColumnKey {
  return (COLUMNS as readonly string[]).includes(name);
}
