import { lazy, type ComponentType, type ReactNode } from "react";
import { Redirect } from "wouter";
import BellIcon from "@patternfly/react-icons/dist/esm/icons/bell-icon";
import CogIcon from "@patternfly/react-icons/dist/esm/icons/cog-icon";
import ListIcon from "@patternfly/react-icons/dist/esm/icons/list-icon";
import SearchIcon from "@patternfly/react-icons/dist/esm/icons/search-icon";
import ServerIcon from "@patternfly/react-icons/dist/esm/icons/server-icon";
import type { Messages } from "../messages/en";

const NowPage = lazy(async () => ({ default: (await import("../now/page")).NowPage }));
const FindingsPage = lazy(async () => ({ default: (await import("../findings/page")).FindingsPage }));
const FindingPage = lazy(async () => ({ default: (await import("../finding/page")).FindingPage }));
const DetectorsPage = lazy(async () => ({ default: (await import("../detectors/page")).DetectorsPage }));
const SensorsPage = lazy(async () => ({ default: (await import("../sensors/page")).SensorsPage }));
const SettingsPage = lazy(async () => ({ default: (await import("../settings/page")).SettingsPage }));

interface Screen {
  readonly path: string;
  /** `rest` is what stands for the star of the path. */
  readonly show: (rest: string) => ReactNode;
}

/** Every address, each with a chunk of its own. */
export const ROUTES: readonly Screen[] = [
  { path: "/", show: () => <NowPage /> },
  { path: "/findings", show: () => <FindingsPage /> },
  { path: "/finding/*?", show: (rest) => <FindingPage name={rest} /> },
  { path: "/detectors", show: () => <DetectorsPage /> },
  { path: "/sensors", show: () => <SensorsPage /> },
  { path: "/settings", show: () => <SettingsPage /> },
  { path: "*", show: () => <Redirect to="/" replace /> },
];

interface Place {
  readonly page: keyof Messages["pages"];
  readonly to: string;
  /** Addresses below it, by how they begin. */
  readonly also?: string;
  readonly key: string;
  readonly icon: ComponentType;
}

export const NAVIGATION: readonly Place[] = [
  { page: "now", to: "/", key: "g n", icon: BellIcon },
  { page: "findings", to: "/findings", also: "/finding/", key: "g f", icon: ListIcon },
  { page: "detectors", to: "/detectors", key: "g d", icon: SearchIcon },
  { page: "sensors", to: "/sensors", key: "g s", icon: ServerIcon },
  { page: "settings", to: "/settings", key: "g t", icon: CogIcon },
];

export function isCurrent({ to, also }: Place, location: string): boolean {
  return location === to || (also !== undefined && location.startsWith(also));
}
