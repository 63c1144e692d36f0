import createClient from "openapi-fetch";
import type { paths } from "./schema";
import { token, tokenEnded } from "./session";

/** What the server answered instead, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export const client = createClient<paths>({ baseUrl: "" });

client.use({
  onRequest({ request }) {
    const held = token();
    if (held !== undefined) {
      request.headers.set("Authorization", `Bearer ${held}`);
    }
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401) {
      tokenEnded();
    }
  },
});

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
  const said = (error as { error?: { status?: string; message?: string } } | undefined)?.error;
  throw new Refused(response.status, said?.status ?? "UNKNOWN", said?.message ?? `HTTP ${response.status}`);
}
