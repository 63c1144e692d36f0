import { expect, test } from "vitest";
import { bodyOf, EMPTY, formOf, isAddress, isId, isPaused, kindOf, partsOf, paused, resumed } from "./output_config";

test("a form becomes a config and is read back", () => {
  const form = { ...EMPTY, kind: "nats" as const, address: "tls://n:4222", shape: "ocsf", subject: "a.b", secret: "s", description: "d" };
  expect(bodyOf(form)).toEqual({
    description: "d",
    pubsubTopic: "tls://n:4222",
    streamingConfig: { filter: EMPTY.filter },
    vedette: { kind: "nats", shape: "ocsf", secret: "s", subject: "a.b" },
  });
  expect(formOf(bodyOf(form))).toEqual(form);
  expect(bodyOf({ ...form, kind: "syslog" }).vedette).toEqual({ kind: "syslog" });
});

test("configs of others are understood", () => {
  expect(kindOf({ pubsubTopic: "projects/p/topics/t" })).toBe("pubsub");
  expect(formOf({ pubsubTopic: "https://e/" })).toMatchObject({ kind: "webhook", address: "https://e/", shape: "scc-v2", filter: "" });
  expect(formOf({ vedette: { kind: "slack", secret: "hook" } })).toMatchObject({ kind: "slack", address: "", secret: "hook" });
  expect(partsOf("projects/p/locations/global/notificationConfigs/x")).toEqual({ scope: "projects/p", id: "x" });
});

test("a pause keeps the filter", () => {
  for (const filter of ["", 'severity="HIGH" OR severity="LOW" AND category:"x"', 'a="(b)"', "(x) AND (y)"]) {
    expect(isPaused(filter)).toBe(false);
    const stopped = paused(filter);
    expect(isPaused(stopped)).toBe(true);
    expect(paused(stopped)).toBe(stopped);
    expect(resumed(stopped)).toBe(filter);
  }
  expect(bodyOf({ ...EMPTY, filter: "x" }, true).streamingConfig?.filter).toContain("(x) AND (");
});

test("names and addresses are looked at before the server is asked", () => {
  expect(["a", "on-call_2"].every(isId)).toBe(true);
  expect(["", "A", "a-", "1a", "a b", `a${"b".repeat(63)}`].some(isId)).toBe(false);
  expect(isAddress("slack", "", "hook")).toBe(true);
  expect(isAddress("webhook", "", "hook")).toBe(false);
  expect(isAddress("syslog", "udp://h", "")).toBe(false);
  expect(isAddress("syslog", "udp://h:514", "")).toBe(true);
  expect(isAddress("pubsub", "https://h", "")).toBe(false);
});
