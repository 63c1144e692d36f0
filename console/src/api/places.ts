// Where something can be said of detectors, outputs and rules.

import { EVERYTHING } from "./detectors";

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
