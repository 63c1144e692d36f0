// Fields of the filter language that are offered, and those whose values are: few enough to choose from.

export const FIELDS: readonly string[] = [
  "category",
  "severity",
  "state",
  "mute",
  "finding_class",
  "module_name",
  "event_time",
  "create_time",
  "resource_name",
  "resource.display_name",
  "resource.type",
  "resource.location",
  "source_properties.Pod_Namespace",
  "source_properties.Pod_Name",
  "source_properties.Container_Name",
  "source_properties.Container_Id",
  "source_properties.Process_Binary_Fullpath",
  "source_properties.VM_Instance_Name",
  "security_marks.marks.",
  "connections.destination_ip",
  "connections.destination_port",
  "description",
];

/** Fields that can be counted by. */
export const COUNTED: ReadonlySet<string> = new Set(["category", "severity", "state", "mute", "finding_class", "module_name"]);

export interface Place {
  /** The field whose value is written; empty while the field itself is. */
  readonly field: string;
  /** Where what is written begins. */
  readonly from: number;
  readonly isQuoted: boolean;
}

/** What would be completed at a place of a filter. */
export function placeAt(filter: string, at: number): Place {
  const before = filter.slice(0, at);
  const value = /([A-Za-z][\w.]*)\s*(?:=|:|!=)\s*("?)([^"\s()]*)$/.exec(before);
  if (value !== null) {
    const [, field = "", quote = "", written = ""] = value;
    return { field, from: at - written.length - quote.length, isQuoted: quote !== "" };
  }
  const word = /[A-Za-z][\w.]*$/.exec(before);
  return { field: "", from: at - (word?.[0].length ?? 0), isQuoted: false };
}

/** Where an error stands in what the reader wrote, from the server's words on the whole filter. */
export function errorAt(message: string, prefix: number): number | undefined {
  const position = /\bcharacter (\d+):/.exec(message);
  return position === null ? undefined : Math.max(0, Number(position[1]) - 1 - prefix);
}
