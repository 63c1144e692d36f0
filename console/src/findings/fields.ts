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
  "resource.project_display_name",
  "resource.type",
  "resource.location",
  "source_properties.Pod_Namespace",
  "source_properties.Pod_Name",
  "source_properties.Container_Name",
  "source_properties.Container_Id",
  "source_properties.Container_Image_Uri",
  "source_properties.Process_Binary_Fullpath",
  "source_properties.VM_Instance_Name",
  "security_marks.marks.",
  "connections.destination_ip",
  "connections.destination_port",
  "processes.args",
  "processes.binary.path",
  "processes.binary.sha256",
  "description",
];

/** Fields that can be counted by. */
export const COUNTED: ReadonlySet<string> = new Set([
  "category",
  "severity",
  "state",
  "mute",
  "finding_class",
  "module_name",
  "resource.display_name",
  "resource.project_display_name",
  "resource.type",
  "resource.location",
  "source_properties.Pod_Namespace",
  "source_properties.Pod_Name",
  "source_properties.Container_Name",
  "source_properties.Container_Image_Uri",
  "source_properties.Process_Binary_Fullpath",
  "source_properties.VM_Instance_Name",
]);

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

export interface FilterError {
  /** Offset in what the reader wrote. */
  readonly at: number;
  readonly message: string;
}

/** Where an error stands in what the reader wrote, from the server's words on the whole filter, of which it is the end. */
export function errorAt(message: string, asked: string, written: string): FilterError | undefined {
  const said = /\bcharacter (\d+): (.*)$/s.exec(message);
  if (said === null || written === "") {
    return undefined;
  }
  // the server counts characters, an editor counts units of UTF-16
  const offset = [...asked].slice(0, Number(said[1]) - 1).join("").length;
  const at = offset - (asked.length - written.length - 1);
  return { at: Math.max(0, Math.min(written.length, at)), message: said[2] ?? message };
}
