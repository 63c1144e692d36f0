// The story of a finding: who ran under whom, what leads where, and when. From `vedette.story` where a sensor wrote it, else
// from what every finding has.

import type { Finding, FindingResult, Process } from "../../api/finding";

export const LANES = ["EXEC", "CONNECTION", "EVIDENCE", "FINDING", "SESSION_END"] as const;
export type Lane = (typeof LANES)[number];

export interface StoryProcess {
  readonly id: string;
  readonly pid: string;
  /** Id of the process it is drawn under. */
  readonly parent: string | undefined;
  readonly depth: number;
  readonly name: string;
  readonly role: string;
  readonly startTime: string | undefined;
  readonly facts: Process | undefined;
}

export type Flow = "INPUT" | "OUTPUT";

export interface Channel {
  readonly from: string;
  /** `PEER` for the other end of the connection. */
  readonly to: string;
  readonly channel: string;
  readonly flows: readonly Flow[];
}

export const PEER = "peer";

export interface Peer {
  readonly address: string;
  readonly local: string;
  readonly transport: string;
}

export interface StoryEvent {
  readonly id: string;
  readonly lane: Lane;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly time: string;
  /** Id of a process. */
  readonly process: string | undefined;
  readonly text: string;
  /** Full name of the finding it is about, when that is another one. */
  readonly finding: string | undefined;
  readonly severity: string | undefined;
}

export interface Story {
  /** Parents before children, children of one parent in the order of the finding. */
  readonly processes: readonly StoryProcess[];
  readonly channels: readonly Channel[];
  readonly peer: Peer | undefined;
  readonly events: readonly StoryEvent[];
  /** The sensor wrote no story: channels are as far as the shell's own descriptors say. */
  readonly isReduced: boolean;
  /** Processes beyond those that are drawn. */
  readonly left: number;
}

/** More would be no picture any more. */
const MOST_PROCESSES = 200;
const MOST_EVENTS = 500;

interface Raw {
  readonly pid: string;
  readonly parentPid: string;
  readonly name: string;
  readonly role: string;
  readonly startTime: string | undefined;
  readonly facts: Process | undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** Whoever writes a finding may have written anything in the place of a list. */
function list<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "object" && one !== null) : [];
}

function rawOf(finding: Finding): Raw[] {
  const processes = list(finding.processes);
  const told = list(finding.vedette?.story?.processes);
  if (told.length > 0) {
    return told.map((one) => {
      const facts = one.process === undefined ? undefined : processes[one.process];
      return {
        pid: text(one.pid),
        parentPid: text(one.parentPid),
        name: text(one.name) || text(facts?.name),
        role: text(one.role),
        startTime: text(one.startTime) || undefined,
        facts,
      };
    });
  }
  const isSession = finding.vedette?.session !== undefined;
  return processes.map((one, index) => ({
    pid: text(one.pid),
    parentPid: text(one.parentPid),
    name: text(one.name) || text(one.binary?.path).split("/").at(-1) || "",
    // our sensor writes the shell first, and then who opened it
    role: isSession ? (["SHELL", "OPENER"][index] ?? "") : "",
    startTime: index === 0 ? finding.vedette?.process?.startTime : undefined,
    facts: one,
  }));
}

/** Index of each process's parent; a circle is cut where it closes, and nobody is its own parent. */
function parentsOf(raw: readonly Raw[]): (number | undefined)[] {
  const first = new Map<string, number>();
  raw.forEach(({ pid }, index) => {
    if (pid !== "" && !first.has(pid)) {
      first.set(pid, index);
    }
  });
  const parents = raw.map(({ parentPid, pid }) => (parentPid === pid ? undefined : first.get(parentPid)));
  const done = new Set<number>();
  for (let start = 0; start < raw.length; start += 1) {
    const way = new Set<number>();
    let at: number | undefined = start;
    while (at !== undefined && !done.has(at)) {
      way.add(at);
      const next: number | undefined = parents[at];
      if (next !== undefined && way.has(next)) {
        parents[at] = undefined;
        break;
      }
      at = next;
    }
    way.forEach((index) => done.add(index));
  }
  return parents;
}

function treeOf(raw: readonly Raw[]): StoryProcess[] {
  const parents = parentsOf(raw);
  const children = new Map<number | undefined, number[]>();
  parents.forEach((parent, index) => {
    children.set(parent, [...(children.get(parent) ?? []), index]);
  });
  const found: StoryProcess[] = [];
  const waiting = (children.get(undefined) ?? []).map((index) => ({ index, depth: 0 })).reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { index, depth } = next;
    const { pid, name, role, startTime, facts } = raw[index] as Raw;
    const parent = parents[index];
    const id = `p${index}`;
    found.push({ id, pid, parent: parent === undefined ? undefined : `p${parent}`, depth, name, role, startTime, facts });
    const below = (children.get(index) ?? []).map((child) => ({ index: child, depth: depth + 1 }));
    waiting.push(...below.reverse());
  }
  return found;
}

function merged(channels: readonly { from: string; to: string; channel: string; flow: Flow | undefined }[]): Channel[] {
  const found = new Map<string, Channel>();
  for (const { from, to, channel, flow } of channels) {
    const [a, b] = to === PEER || from < to ? [from, to] : [to, from];
    const key = JSON.stringify([a, b, channel]);
    const flows = new Set([...(found.get(key)?.flows ?? []), ...(flow === undefined ? [] : [flow])]);
    found.set(key, { from: a, to: b, channel, flows: [...flows].sort() });
  }
  return [...found.values()];
}

const CHANNELS: Readonly<Record<string, string>> = {
  UNIX_SOCKET: "UNIX_SOCKET",
  PIPE: "PIPE",
  FIFO: "FIFO",
  PTY_SLAVE: "PTY",
  PTY_MASTER: "PTY",
};

/** What the shell's own descriptors say: standard input, output and errors. */
function reducedChannels(finding: Finding, processes: readonly StoryProcess[]) {
  const shell = processes.find(({ id }) => id === "p0");
  const found: { from: string; to: string; channel: string; flow: Flow | undefined }[] = [];
  if (shell === undefined) {
    return found;
  }
  let isDirect = false;
  for (const { number = -1, type = "" } of list(finding.vedette?.process?.descriptors)) {
    if (number < 0 || number > 2) {
      continue;
    }
    const flow = number === 0 ? "INPUT" : "OUTPUT";
    const channel = CHANNELS[type];
    if (type === "INTERNET_SOCKET") {
      isDirect = true;
      found.push({ from: shell.id, to: PEER, channel: "INTERNET_SOCKET", flow });
    } else if (channel !== undefined && shell.parent !== undefined) {
      found.push({ from: shell.id, to: shell.parent, channel, flow });
    }
  }
  const opener = processes.find(({ role }) => role === "OPENER");
  if (!isDirect && finding.vedette?.session?.endpoint !== undefined) {
    found.push({ from: (opener ?? shell).id, to: PEER, channel: "INTERNET_SOCKET", flow: undefined });
  }
  return found;
}

function toldChannels(finding: Finding, idOf: ReadonlyMap<string, string>) {
  const found: { from: string; to: string; channel: string; flow: Flow | undefined }[] = [];
  for (const route of list(finding.vedette?.story?.routes)) {
    const flow = route.flow === "INPUT" || route.flow === "OUTPUT" ? route.flow : undefined;
    for (const hop of list(route.hops)) {
      const from = idOf.get(text(hop.fromPid));
      const to = idOf.get(text(hop.toPid));
      if (from !== undefined && to !== undefined && from !== to) {
        found.push({ from, to, channel: text(hop.channel) || "UNKNOWN", flow });
      }
    }
    const holder = idOf.get(text(route.endpoint?.pid));
    if (holder !== undefined) {
      found.push({ from: holder, to: PEER, channel: "INTERNET_SOCKET", flow });
    }
  }
  return found;
}

function peerOf(finding: Finding): Peer | undefined {
  const told = list(finding.vedette?.story?.routes).find((route) => route.endpoint !== undefined)?.endpoint;
  const known = told ?? finding.vedette?.session?.endpoint;
  if (known !== undefined) {
    return { address: text(known.peer), local: text(known.local), transport: text(known.transport) };
  }
  const [connection] = list(finding.connections);
  return connection?.destinationIp === undefined
    ? undefined
    : {
        address: `${connection.destinationIp}:${connection.destinationPort ?? "?"}`,
        local: connection.sourceIp === undefined ? "" : `${connection.sourceIp}:${connection.sourcePort ?? "?"}`,
        transport: connection.protocol ?? "",
      };
}

type Untold = Omit<StoryEvent, "id" | "at">;

function ownFinding({ finding }: FindingResult): Untold {
  return {
    lane: "FINDING",
    time: finding.eventTime ?? "",
    process: undefined,
    text: finding.category ?? "",
    finding: undefined,
    severity: finding.severity,
  };
}

function reducedEvents({ finding }: FindingResult): Untold[] {
  const none = { process: undefined, finding: undefined, severity: undefined };
  const start = finding.vedette?.process?.startTime;
  const ended = finding.vedette?.session?.ended;
  return [
    ...(start === undefined
      ? []
      : [{ ...none, lane: "EXEC" as const, time: start, process: "p0", text: list(finding.processes)[0]?.binary?.path ?? "" }]),
    ...(typeof ended === "string" ? [{ ...none, lane: "SESSION_END" as const, time: ended, text: "" }] : []),
    ...list(finding.vedette?.evidence).map((piece) => ({
      ...none,
      lane: "EVIDENCE" as const,
      time: piece.takeTime ?? "",
      text: [piece.kind, piece.name].filter((part) => part !== undefined && part !== "").join(": "),
    })),
  ];
}

function eventsOf(result: FindingResult, idOf: ReadonlyMap<string, string>, others: readonly FindingResult[]): StoryEvent[] {
  const told = list(result.finding.vedette?.story?.events);
  const own: Untold[] =
    told.length === 0
      ? reducedEvents(result)
      : told.map((event) => ({
          lane: LANES.find((lane) => lane === event.kind) ?? "FINDING",
          time: text(event.time),
          process: idOf.get(text(event.pid)),
          text: text(event.text),
          finding: undefined,
          severity: event.kind === "FINDING" ? result.finding.severity : undefined,
        }));
  const related: Untold[] = others.map(({ finding }) => ({
    lane: "FINDING",
    time: finding.eventTime ?? "",
    process: undefined,
    text: finding.category ?? "",
    finding: finding.name,
    severity: finding.severity,
  }));
  const isTold = own.some(({ lane }) => lane === "FINDING");
  return [...own, ...(isTold ? [] : [ownFinding(result)]), ...related]
    .map((event) => ({ ...event, at: Date.parse(event.time) }))
    .filter(({ at }) => !Number.isNaN(at))
    .sort((a, b) => a.at - b.at)
    .slice(0, MOST_EVENTS)
    .map((event, index) => ({ ...event, id: `e${index}` }));
}

/** `others` are findings of the same container around the same time. */
export function storyOf(result: FindingResult, others: readonly FindingResult[]): Story {
  const all = rawOf(result.finding);
  const processes = treeOf(all.slice(0, MOST_PROCESSES));
  const idOf = new Map<string, string>();
  processes.forEach(({ pid, id }) => {
    const held = idOf.get(pid);
    // of two processes with one number, the first of the finding
    if (pid !== "" && (held === undefined || Number(id.slice(1)) < Number(held.slice(1)))) {
      idOf.set(pid, id);
    }
  });
  const isReduced = list(result.finding.vedette?.story?.processes).length === 0;
  const peer = peerOf(result.finding);
  const channels = merged(isReduced ? reducedChannels(result.finding, processes) : toldChannels(result.finding, idOf));
  return {
    processes,
    channels: peer === undefined ? channels.filter(({ to }) => to !== PEER) : channels,
    peer,
    events: eventsOf(result, idOf, others),
    isReduced,
    left: Math.max(0, all.length - MOST_PROCESSES),
  };
}
