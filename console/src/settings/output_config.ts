// What a form says of an output, as a notification config, and back.

import type { NotificationConfig } from "../api/outputs";

export const KINDS = ["webhook", "cloudevents", "slack", "alertmanager", "falcosidekick", "pubsub", "syslog", "nats"] as const;
export type OutputKind = (typeof KINDS)[number];
export const SHAPES = ["scc-v2", "scc-v1", "ocsf", "falco"] as const;

export interface OutputForm {
  readonly kind: OutputKind;
  /** The URL, or of `pubsub` the topic. */
  readonly address: string;
  readonly shape: string;
  readonly secret: string;
  readonly subject: string;
  readonly filter: string;
  readonly description: string;
}

export const EMPTY: OutputForm = {
  kind: "webhook",
  address: "",
  shape: "scc-v2",
  secret: "",
  subject: "",
  filter: 'state="ACTIVE" AND NOT mute="MUTED"',
  description: "",
};

/** What an address of each kind looks like. */
export const EXAMPLES: Readonly<Record<OutputKind, string>> = {
  webhook: "https://hooks.example.com/findings",
  cloudevents: "https://events.example.com/",
  slack: "https://hooks.slack.example/services/…",
  alertmanager: "http://alertmanager.monitoring:9093",
  falcosidekick: "http://falcosidekick:2801/",
  pubsub: "projects/PROJECT/topics/TOPIC",
  syslog: "tls://syslog.example.com:6514",
  nats: "tls://nats.example.com:4222",
};

export function hasShape(kind: OutputKind): boolean {
  return ["webhook", "cloudevents", "nats", "pubsub"].includes(kind);
}

export function hasSecret(kind: OutputKind): boolean {
  return kind !== "syslog";
}

// A condition that no finding meets: the API has no other way to keep a config and send nothing.
const PAUSE = 'state="ACTIVE" AND state="INACTIVE"';
const PAUSED = /^\((.*)\) AND \(state="ACTIVE" AND state="INACTIVE"\)$/s;

export function isPaused(filter: string): boolean {
  return filter === PAUSE || PAUSED.test(filter);
}

export function paused(filter: string): string {
  return isPaused(filter) ? filter : filter.trim() === "" ? PAUSE : `(${filter}) AND (${PAUSE})`;
}

/** The filter as it was before it was paused. */
export function resumed(filter: string): string {
  return filter === PAUSE ? "" : (PAUSED.exec(filter)?.[1] ?? filter);
}

export function kindOf({ pubsubTopic = "", vedette }: NotificationConfig): string {
  return vedette?.kind ?? (pubsubTopic.startsWith("projects/") ? "pubsub" : "webhook");
}

export function addressOf({ pubsubTopic, vedette }: NotificationConfig): string {
  return vedette?.url ?? pubsubTopic ?? "";
}

export function formOf(config: NotificationConfig): OutputForm {
  const kind = kindOf(config);
  const { vedette, streamingConfig, description } = config;
  return {
    kind: KINDS.find((known) => known === kind) ?? "webhook",
    address: addressOf(config),
    shape: vedette?.shape ?? "scc-v2",
    secret: vedette?.secret ?? "",
    subject: vedette?.subject ?? "",
    filter: resumed(streamingConfig?.filter ?? ""),
    description: description ?? "",
  };
}

/** The body of a request that makes or changes the config. */
export function bodyOf(form: OutputForm, isKeptPaused = false): NotificationConfig {
  const { kind, address, shape, secret, subject, filter, description } = form;
  return {
    description,
    pubsubTopic: address.trim(),
    streamingConfig: { filter: isKeptPaused ? paused(filter) : filter },
    vedette: {
      kind,
      ...(hasShape(kind) ? { shape } : {}),
      ...(hasSecret(kind) && secret !== "" ? { secret } : {}),
      ...(kind === "nats" && subject.trim() !== "" ? { subject: subject.trim() } : {}),
    },
  };
}

/** Fields that a change writes. */
export const MASK = "description,pubsubTopic,streamingConfig,vedette";

const ID = /^[a-z](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;

/** Whether a config may be called so. */
export function isId(id: string): boolean {
  return ID.test(id);
}

/** Whether an address looks like one of its kind; the server knows better. */
export function isAddress(kind: OutputKind, address: string, secret: string): boolean {
  const written = address.trim();
  if (written === "") {
    return kind === "slack" && secret !== "";
  }
  switch (kind) {
    case "pubsub":
      return /^projects\/[^/\s]+\/topics\/[^/\s]+$/.test(written);
    case "syslog":
      return /^(?:udp|tcp|tls):\/\/[^\s/]+:\d+$/.test(written);
    case "nats":
      return /^(?:nats|tls):\/\/\S+$/.test(written);
    default:
      return /^https?:\/\/\S+$/.test(written);
  }
}

/** `organizations/1` of `organizations/1/locations/global/notificationConfigs/x`, and `x`. */
export function partsOf(name: string): { readonly scope: string; readonly id: string } {
  const [collection = "", of = ""] = name.split("/");
  return { scope: `${collection}/${of}`, id: name.slice(name.lastIndexOf("/") + 1) };
}
