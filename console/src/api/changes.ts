import { answer, client } from "./client";

interface Sent {
  readonly method: "POST" | "PATCH";
  /** From the API's root, with its query. */
  readonly path: string;
  readonly body: unknown;
}

interface Operation {
  readonly name?: string;
  readonly done?: boolean;
  readonly error?: { readonly message?: string };
}

type Call = (path: string, init: { readonly body?: unknown }) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

// paths that hold a finding's full name are not split into their parts again
const calls = client as unknown as Readonly<Record<"GET" | "POST" | "PATCH", Call>>;

const LOOK_EVERY = 1_000;

export function send({ method, path, body }: Sent): Promise<unknown> {
  return answer(calls[method](path, { body }));
}

/** Sends what takes long, and waits until it is done. */
export async function sendLong(sent: Sent, signal: AbortSignal): Promise<void> {
  let operation = (await send(sent)) as Operation;
  while (operation.done !== true && operation.name !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    signal.throwIfAborted();
    operation = (await answer(calls.GET(`/v2/${operation.name}`, {}))) as Operation;
  }
  if (operation.error !== undefined) {
    throw new Error(operation.error.message ?? "");
  }
}
