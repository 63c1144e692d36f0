import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { startMessages } from "../messages/language";
import { signIn } from "../api/session";
import { FindingPage } from "./page";
import { TABS } from "./tabs";

// the client takes these when it is made, before any test
const server = vi.hoisted(() => {
  const held = { answer: async (_path: string): Promise<Response> => new Response(null, { status: 404 }) };
  const Absolute = class extends Request {
    constructor(input: string | URL | Request, init?: RequestInit) {
      super(typeof input === "string" ? new URL(input, "http://localhost") : input, init);
    }
  };
  Object.assign(globalThis, { Request: Absolute, fetch: (request: Request) => held.answer(new URL(request.url).pathname) });
  return held;
});

const EVIL = "<img src=x onerror=alert(1)>\u001b[2J\u202egpj.exe\r\u0000 \ud800 $(id) `id` '; touch /tmp/x #";
const LONG = "A".repeat(1_000_000);
const NAME = "organizations/local/sources/s/locations/global/findings/f1";
const TIME = "2026-01-02T02:04:16Z";

const hostile = {
  finding: {
    name: NAME,
    category: EVIL,
    description: `${EVIL}. ${EVIL} ${LONG}`,
    state: "ACTIVE",
    severity: "HIGH",
    mute: "UNDEFINED",
    moduleName: "constructor",
    eventTime: TIME,
    resourceName: `//x/${EVIL}`,
    nextSteps: `1. ${EVIL}\n   \`kubectl ${EVIL.replaceAll("`", "")}\`\n`,
    sourceProperties: { Container_Id: EVIL, VM_Instance_Name: EVIL },
    securityMarks: { marks: { team: EVIL } },
    externalSystems: { jira: { externalUid: EVIL, status: EVIL } },
    mitreAttack: { primaryTactic: "__proto__", primaryTechniques: ["UNIX_SHELL", EVIL, "constructor"], version: EVIL },
    processes: [
      { name: EVIL, binary: { path: `/${EVIL}` }, args: [EVIL, LONG, ...Array.from({ length: 5_000 }, () => EVIL)], pid: "2", parentPid: "1", userId: EVIL },
      { name: LONG, binary: { path: "/usr/bin/socat" }, args: ["socat", `TCP:${EVIL}:1,${EVIL},constructor=1`, `EXEC:${LONG}`], pid: "1", parentPid: "2" },
    ],
    containers: [{ name: EVIL, uri: EVIL, imageId: EVIL }],
    connections: [{ destinationIp: EVIL, destinationPort: 1 }],
    vedette: {
      session: { direction: "__proto__", endpoint: { peer: EVIL, local: EVIL, transport: EVIL }, reasons: [EVIL], recognisedBy: EVIL },
      confidence: { level: EVIL, seen: [EVIL], inferred: "x", missing: [LONG] },
      coverage: { complete: false, lost: { [EVIL]: 1 } },
      process: { workingDirectory: EVIL },
      evidence: [{ kind: EVIL, name: EVIL, sha256: EVIL, size: "1", truncated: true, elf: { machine: EVIL, needed: [EVIL] }, custody: [{ action: EVIL, principal: EVIL }] }],
      evidenceMissing: [EVIL],
      attackTechniques: [EVIL],
      story: {
        processes: [
          { pid: "2", parentPid: "1", role: EVIL, name: EVIL, process: 0 },
          { pid: "1", parentPid: "2", role: "constructor", name: LONG, process: 1 },
        ],
        routes: [{ flow: EVIL, hops: [{ fromPid: "2", toPid: "1", channel: EVIL }], endpoint: { pid: "1", peer: EVIL } }],
        events: [{ time: TIME, kind: EVIL, pid: "2", text: EVIL }],
      },
      [EVIL]: EVIL,
    },
  },
  resource: { name: EVIL, displayName: EVIL },
};

const copied: string[] = [];
/** What the server answers when it is asked for the finding. */
let held: unknown = hostile;
const ACTING = /[\p{Cc}\p{Cf}\p{Cs}]/u;

beforeAll(async () => {
  await startMessages();
  signIn("t");
  const size = { configurable: true, get: () => 700 };
  Object.defineProperties(HTMLElement.prototype, { offsetHeight: size, offsetWidth: size });
  Object.assign(globalThis, {
    ResizeObserver: class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  });
  Object.assign(navigator, { clipboard: { writeText: async (text: string) => void copied.push(text) } });
  const json = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
  server.answer = async (path) => {
    if (path === `/v2/${NAME}`) return json(held);
    if (path.endsWith("/evidence")) return json({ evidence: hostile.finding.vedette.evidence });
    if (path.endsWith("/findings")) {
      return json({ listFindingsResults: [hostile, { finding: { ...hostile.finding, name: `${NAME}2` } }], totalSize: 2 });
    }
    return json({ error: { code: 404, status: "NOT_FOUND", message: EVIL } }, 404);
  };
});

afterEach(cleanup);

function show(tab: string) {
  history.replaceState(undefined, "", `/finding/${NAME}?tab=${tab}`);
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <FindingPage name={NAME} />
    </QueryClientProvider>,
  );
}

/** All that is shown or said: text, and attributes that are. */
function said(): string {
  const attributes = [...document.querySelectorAll("[aria-label], [title]")].flatMap((element) => [
    element.getAttribute("aria-label") ?? "",
    element.getAttribute("title") ?? "",
  ]);
  return [document.body.textContent, ...attributes].join(" ");
}

test.each(TABS.map(({ key }) => key))("hostile text in %s is inert, and so is all that is copied", async (tab) => {
  show(tab);
  await waitFor(() => expect(document.querySelector(`.${tab}`)).not.toBeNull(), { timeout: 30_000 });
  await waitFor(() => expect(screen.queryAllByText(/img src=x/).length).toBeGreaterThan(0), { timeout: 30_000 });
  await act(async () => new Promise((resolve) => setTimeout(resolve, 100)));
  expect(document.querySelector("img, script, iframe, [onerror]")).toBeNull();
  expect(said()).not.toMatch(ACTING);
  expect(said().length).toBeLessThan(400_000);
  expect(said()).not.toMatch(/function|native code|\[object/);

  copied.length = 0;
  const buttons = screen.getAllByRole("button", { name: /^Copy/ });
  for (const button of buttons) {
    await act(async () => fireEvent.click(button));
  }
  expect(copied.length).toBe(buttons.length);
  for (const text of copied) {
    expect(text.replaceAll("\n", "")).not.toMatch(ACTING);
  }
}, 90_000);

/** Facts of which none is of its kind. */
function garbled(value: unknown, depth: number): unknown {
  if (Array.isArray(value)) {
    return depth % 2 === 0 ? [null, 7, "x", ...value.map((one) => garbled(one, depth + 1))] : { not: "a list" };
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, garbled(one, depth + 1)]));
  }
  return typeof value === "string" ? (depth % 2 === 0 ? { o: 1 } : 7) : [value];
}

const FACTS = hostile.finding.vedette;
const LISTS = Object.fromEntries(Object.keys(FACTS).map((key) => [key, [1, null, {}]]));

test.each([garbled(FACTS, 0), LISTS, 7])(
  "facts of no kind leave a page with its finding in JSON: %#",
  async (vedette) => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    held = { finding: { ...hostile.finding, vedette } };
    for (const { key } of TABS) {
      show(key);
      await waitFor(() => expect(screen.queryByRole("tab", { name: "JSON" })).not.toBeNull(), { timeout: 30_000 });
      await waitFor(() => expect(document.querySelector(`.${key}, .finding-body .pf-v6-c-alert`)).not.toBeNull(), { timeout: 30_000 });
      if (key === "json") {
        expect(document.querySelector(".json-rows")).not.toBeNull();
      }
      cleanup();
    }
  },
  90_000,
);
