import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curl } from "./curl";

test("a shell passes on what was meant, and the token stays out", () => {
  const body = { filter: `a="b" AND c='$(id)'`, description: "line\nline \u202e" };
  const written = curl("PATCH", "/v2/organizations/-/muteConfigs/x?updateMask=filter,description", body);
  const script = `curl() { printf '%s\\n' "$@"; }; VEDETTE_TOKEN=secret; ${written}`;
  const words = execFileSync("bash", ["-c", script], { encoding: "utf8" });
  expect(words).toContain(`\n${JSON.stringify(body)}\n`);
  expect(words).toContain("/v2/organizations/-/muteConfigs/x?updateMask=filter,description");
  expect(words).toContain("Bearer secret");
  expect(written).not.toContain("secret");
  expect(curl("GET", "/v2/x")).toMatch(/^curl -sS -H "Authorization: Bearer \$VEDETTE_TOKEN" http:\S+\/v2\/x$/u);
});
