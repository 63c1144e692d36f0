// The rooms of ARCHITECTURE.md: a screen knows no other screen, and nothing knows what is around it.

import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SCREENS = ["now", "findings", "finding", "detectors", "sensors", "settings"];

test("no import leads into another screen, but to where its address is written", () => {
  const wrong: string[] = [];
  const files = globSync("src/**/*.{ts,tsx}");
  expect(files.length).toBeGreaterThan(100);
  for (const file of files) {
    const [, room = ""] = file.split("/");
    for (const [, to = ""] of readFileSync(file, "utf8").matchAll(/from "((?:\.\.\/)+[^"]+)"/g)) {
      const [other = "", ...rest] = to.replace(/^(\.\.\/)+/, "").split("/");
      const isForeign = other !== room && rest.length > 0 && (SCREENS.includes(other) || other === "app");
      if (isForeign && room !== "app" && rest.join("/") !== "address") {
        wrong.push(`${file}: ${to}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});
