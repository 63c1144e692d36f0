import createClient from "openapi-fetch";
import type { paths } from "./schema";
import { credentials, sessionEnded } from "./session";

/** What the server answered instead, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The field of the body that is wrong. */
    readonly field = "",
  ) {
    super(message);
  }
}

export const client = createClient<paths>({ baseUrl: "" });

client.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(credentials())) {
      request.headers.set(name, value);
    }
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401) {
      sessionEnded();
    }
  },
});

interface Said {
  readonly error?: {
    readonly status?: string;
    readonly message?: string;
    readonly details?: readonly { readonly fieldViolations?: readonly { readonly field?: string }[] }[];
  };
}

function refusal(status: number, said: unknown): Refused {
  const error = (said as Said | undefined)?.error;
  const field = error?.details?.[0]?.fieldViolations?.[0]?.field ?? "";
  return new Refused(status, error?.status ?? "UNKNOWN", error?.message ?? `HTTP ${status}`, field);
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's content, or what the server said against it. */
export async function answer<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (data !== undefined) {
    return data;
  }
  throw refusal(response.status, error);
}

/** A route whose name is whole already, or one that the schema does not have. JSON both ways, unless the body is bytes. */
export async function ask<T>(method: string, path: string, body?: object | Blob, signal?: AbortSignal): Promise<T> {
  const isBytes = body instanceof Blob;
  const response = await fetch(path, {
    method,
    headers: {
      ...credentials(),
      ...(body === undefined ? {} : { "Content-Type": isBytes ? "application/octet-stream" : "application/json" }),
    },
    ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.status === 401) {
    sessionEnded();
  }
  const said: unknown = await response.json().catch(() => undefined);
  if (!response.ok || said === undefined) {
    throw refusal(response.status, said);
  }
  return said as T;
}
