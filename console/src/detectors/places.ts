// Where something can be said of detectors, and from where a detector has its state.

import { changeOf, EVERYTHING, isCluster, type Said, type Switches } from "../api/detectors";
import { curl } from "../text/curl";
import { command } from "../text/shell";

const SCOPE = /^(?:organizations|folders|projects)\/(?:-|[A-Za-z0-9][A-Za-z0-9._:-]{0,62})$/;
const CLUSTER = /^projects\/[A-Za-z0-9][A-Za-z0-9._:-]{0,62}\/locations\/[A-Za-z0-9._-]{1,128}\/clusters\/[A-Za-z0-9._-]{1,128}$/;

/** Whether the API has settings there. `projects/-` says nothing of any project. */
export function isPlace(text: string): boolean {
  return text === EVERYTHING || (SCOPE.test(text) && !text.endsWith("/-")) || CLUSTER.test(text);
}

interface Sensing {
  readonly parent?: string;
  readonly resource?: unknown;
}

/** Places that sensors speak of, each once: the organization, projects and clusters. */
export function placesOf(sensors: readonly Sensing[], organization: string | undefined): string[] {
  const found = new Set<string>([EVERYTHING]);
  if (organization !== undefined && isPlace(organization)) {
    found.add(organization);
  }
  const deeper: string[] = [];
  for (const { parent, resource } of sensors) {
    const scope = /^(?:organizations|folders|projects)\/[^/]+/.exec(parent ?? "")?.[0];
    const name = typeof resource === "object" && resource !== null && "name" in resource ? String(resource.name) : "";
    const cluster = /projects\/[^/]+\/locations\/[^/]+\/clusters\/[^/]+/.exec(name)?.[0];
    deeper.push(...[scope, cluster?.split("/").slice(0, 2).join("/"), cluster].filter((place) => place !== undefined));
  }
  deeper.filter(isPlace).forEach((place) => found.add(place));
  return [...found];
}

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
