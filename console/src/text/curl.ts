import { quote } from "./shell";

/** A request as a shell makes it; the token is in a variable, so that the command may be shown to anybody. */
export function curl(method: string, path: string, body?: object): string {
  const words = [
    "curl -sS",
    ...(method === "GET" ? [] : [`-X ${quote(method)}`]),
    '-H "Authorization: Bearer $VEDETTE_TOKEN"',
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quote(JSON.stringify(body))}`]),
    quote(new URL(path, location.origin).href),
  ];
  return words.join(" ");
}
