import { expectAccessible, settled, test } from "./signed_in";
import { SOURCE, world } from "./world";

const SCREENS: readonly (readonly [string, () => string])[] = [
  ["now", () => "/"],
  ["findings", () => "/findings"],
  ["finding", () => `/finding/${world().live}`],
  ["story", () => `/finding/${world().live}?tab=story`],
  ["evidence", () => `/finding/${world().live}?tab=evidence`],
  ["attack", () => `/finding/${world().live}?tab=attack`],
  ["json", () => `/finding/${world().live}?tab=json`],
  ["hostile", () => `/finding/${SOURCE}/findings/hostile`],
  ["detectors", () => "/detectors"],
  ["sensors", () => "/sensors"],
  ["settings", () => "/settings"],
];

for (const [name, path] of SCREENS) {
  test(`${name} can be read by everybody @theme`, async ({ page, visit }, info) => {
    await visit(path());
    await settled(page);
    await expectAccessible(page);
    await page.screenshot({ path: `../target/console/screens/${name}-${info.project.name}.png`, fullPage: true });
  });
}
