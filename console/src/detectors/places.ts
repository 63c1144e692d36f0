// From where a detector has its state.

import { changeOf, EVERYTHING, isCluster, type Said, type Switches } from "../api/detectors";
import { isPlace } from "../api/places";
import { curl } from "../text/curl";
import { command } from "../text/shell";

/** The places that decide, nearest first, as far as the console knows them: a folder in between is the server's to know. */
export function chainOf(place: string, organization: string | undefined): string[] {
  const project = isCluster(place) ? place.split("/").slice(0, 2).join("/") : undefined;
  const above = organization !== undefined && isPlace(organization) ? organization : undefined;
  return [...new Set([place, project, above, EVERYTHING].filter((one) => one !== undefined))];
}

export type From =
  | { readonly kind: "here" }
  | { readonly kind: "place"; readonly place: string }
  /** Detection is off there altogether. */
  | { readonly kind: "service" }
  | { readonly kind: "default" }
  /** Something between that the console cannot see. */
  | { readonly kind: "above" }
  | { readonly kind: "unknown" };

/** From where a module has its state. `settings` are those of `chain`, where they could be read. */
export function fromWhere(
  module: string,
  chain: readonly string[],
  settings: readonly (Switches | undefined)[],
  onByDefault: boolean | undefined,
): From {
  const own = settings[0];
  const holds = own?.modules.get(module)?.holds;
  if (own === undefined || holds === undefined) {
    return { kind: "unknown" };
  }
  if (own.service.holds === "DISABLED") {
    return { kind: "service" };
  }
  for (const [index, at] of settings.entries()) {
    const said = at?.modules.get(module)?.said ?? "INHERITED";
    if (said !== "INHERITED") {
      if (index === 0) {
        return { kind: "here" };
      }
      // a folder between may say otherwise
      return said === holds ? { kind: "place", place: chain[index] ?? "" } : { kind: "above" };
    }
  }
  if (chain[0] === EVERYTHING) {
    return { kind: "default" };
  }
  if (onByDefault === undefined) {
    return { kind: "unknown" };
  }
  return onByDefault === (holds === "ENABLED") ? { kind: "default" } : { kind: "above" };
}

const VERBS: Readonly<Record<Said, string>> = { ENABLED: "enable", DISABLED: "disable", INHERITED: "inherit" };

/** The same change from a shell; of a folder the command knows nothing. */
export function commandsOf(place: string, module: string, state: Said, now: Switches) {
  const { method, path, body } = changeOf(place, module, state, now);
  const [collection, id = ""] = place.split("/");
  const at =
    place === EVERYTHING
      ? []
      : isCluster(place)
        ? ["--cluster", place]
        : collection === "projects"
          ? ["--project", id]
          : collection === "organizations"
            ? ["--organization", id]
            : undefined;
  return [
    ...(at === undefined ? [] : [{ by: "vedette", text: command("vedette", "modules", VERBS[state], ...at, module) }]),
    { by: "API", text: curl(method, path, body) },
  ];
}
