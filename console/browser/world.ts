// A real server, filled by the real pipeline: a live simulation, and its recording replayed into the findings of another cluster.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface World {
  readonly url: string;
  readonly token: string;
  readonly folder: string;
  /** The finding of the live simulation, by its full name. */
  readonly live: string;
}

const BINARY = resolve(process.env["VEDETTE_BINARY"] ?? "../target/debug/vedette");
const READY_MS = 60_000;

/** How the tests' processes are told. */
const TOLD = "VEDETTE_CONSOLE_WORLD";

export function world(): World {
  return JSON.parse(process.env[TOLD] ?? "null") as World;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a server on a folder, and waits until it watches. */
export async function start(folder: string, url: string, more: readonly string[] = []): Promise<ChildProcess> {
  const log = openSync(join(folder, "log"), "a");
  const listen = new URL(url).host;
  const server = spawn(BINARY, ["up", "--data", join(folder, "data"), "--listen", listen, ...more], {
    stdio: ["ignore", log, log],
  });
  const end = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok === true) {
      return server;
    }
    if (server.exitCode !== null || Date.now() > end) {
      throw new Error(`no Vedette that watches at ${url}:\n${readFileSync(join(folder, "log"), "utf8")}`);
    }
    await new Promise((again) => setTimeout(again, 100));
  }
}

export async function stop(server: ChildProcess): Promise<void> {
  const ended = new Promise((exit) => server.once("exit", exit));
  if (server.exitCode === null && server.kill("SIGTERM")) {
    await ended;
  }
}

export async function ask(url: string, token: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.json();
}

interface Item {
  readonly finding: Readonly<Record<string, unknown>> & { readonly name: string };
}

/** Where findings from elsewhere may be written. */
export const SOURCE = "organizations/local/sources/container-threat-detection";

/** What only the server writes of a finding. */
const OUTPUT_ONLY = ["name", "canonicalName", "parent", "parentDisplayName", "createTime", "mute", "muteInfo", "securityMarks"];

async function replayed(url: string, token: string, recording: string): Promise<void> {
  const lines = execFileSync(BINARY, ["replay", recording], { maxBuffer: 1 << 28 }).toString().trim().split("\n");
  for (const [number, line] of lines.filter((line) => line !== "").entries()) {
    const { finding } = JSON.parse(line) as Item;
    const body = Object.fromEntries(Object.entries(finding).filter(([key]) => !OUTPUT_ONLY.includes(key)));
    const path = `/v2/${SOURCE}/findings?findingId=replayed${number}`;
    await ask(url, token, "POST", path, body);
  }
}

/** What an attacker may have called things. */
export const HOSTILE = [
  "<img src=x onerror=document.title='owned'>",
  "\u001b[2J\u0007bell",
  "\u202Egnp.exe",
  "$(touch /tmp/owned);`id`'\"",
  "\ud800 alone",
  "a".repeat(1 << 20),
] as const;

async function hostile(url: string, token: string, live: string): Promise<void> {
  const { finding } = (await ask(url, token, "GET", `/v2/${live}`)) as Item;
  const body = Object.fromEntries(Object.entries(finding).filter(([key]) => !OUTPUT_ONLY.includes(key)));
  // JSON cannot carry half a surrogate pair through UTF-8: it arrives as the replacement character
  const args = ["socat", ...HOSTILE.map((text) => text.toWellFormed())];
  const processes = [{ name: HOSTILE[0], pid: "4242", parentPid: "1", args, binary: { path: HOSTILE[2] } }];
  const path = `/v2/${SOURCE}/findings?findingId=hostile`;
  await ask(url, token, "POST", path, { ...body, category: HOSTILE[0], description: HOSTILE[3], processes });
}

/** Playwright's global setup: returns what takes everything down again. */
export default async function setUp(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "vedette-console-"));
  mkdirSync("../target/console/screens", { recursive: true });
  const url = `http://127.0.0.1:${await freePort()}`;
  const recording = join(folder, "day.rec");
  const server = await start(folder, url, ["--record", recording]);
  const takeDown = async () => {
    await stop(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const token = readFileSync(join(folder, "data", "token"), "utf8").trim();
    const said = execFileSync(BINARY, ["simulate", "socat-reverse-shell", "--server", url], {
      env: { ...process.env, VEDETTE_TOKEN: token },
    });
    writeFileSync(join(folder, "simulate.log"), said);
    const page = (await ask(url, token, "GET", "/v2/organizations/-/sources/-/findings")) as {
      readonly listFindingsResults: readonly Item[];
    };
    const live = page.listFindingsResults[0]?.finding.name;
    if (live === undefined) {
      throw new Error("the simulation left no finding");
    }
    await replayed(url, token, recording);
    await hostile(url, token, live);
    process.env[TOLD] = JSON.stringify({ url, token, folder, live } satisfies World);
  } catch (error) {
    await takeDown();
    throw error;
  }
  return takeDown;
}
