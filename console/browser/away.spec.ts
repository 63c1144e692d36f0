// A server that goes away and comes back, and a session that ends: the page stays where it is.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { settled } from "./signed_in";
import { ask, freePort, SOURCE, start, stop, world } from "./world";

test("a server that goes away shows so, and the page goes on by itself when it is back", async ({ page }) => {
  test.setTimeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "vedette-away-"));
  const url = `http://127.0.0.1:${await freePort()}`;
  let server = await start(folder, url);
  try {
    const token = readFileSync(join(folder, "data", "token"), "utf8").trim();
    await ask(url, token, "POST", `/v2/${SOURCE}/findings?findingId=before`, {
      category: "Before",
      eventTime: new Date().toISOString(),
      severity: "LOW",
    });
    await page.goto(`${url}/findings?state=&mute=&range=24h#token=${token}`);
    await settled(page);
    await expect(page.getByRole("grid")).toContainText("Before");
    await stop(server);
    await expect(page.getByText(/The server cannot be reached/)).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole("grid")).toContainText("Before");
    server = await start(folder, url);
    await expect(page.getByText(/The server cannot be reached/)).toHaveCount(0, { timeout: 60_000 });
    await expect(page.getByRole("grid")).toContainText("Before");
  } finally {
    await stop(server);
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a session that has ended returns to the same page and tab", async ({ page }) => {
  const { url, token, live } = world();
  const name = `console${Date.now().toString(36)}`;
  const made = (await ask(url, token, "POST", `/v2/organizations/-/tokens?tokenId=${name}`, {
    bindings: [{ role: "viewer" }],
  })) as { readonly token: string };
  const path = `/finding/${live}?tab=evidence`;
  await page.goto(`${url}${path}#token=${made.token}`);
  await settled(page);
  await ask(url, token, "DELETE", `/v2/organizations/-/tokens/${name}`);
  await page.reload();
  await expect(page.getByText("Your session has ended")).toBeVisible();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await settled(page);
  await expect(page.getByRole("tab", { name: "Evidence" })).toHaveAttribute("aria-selected", "true");
});

test("a link opened signed out asks for the token and then shows the finding", async ({ page }) => {
  const { url, token, live } = world();
  await page.goto(`${url}/finding/${live}?tab=story`);
  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
  await settled(page);
  await expect(page.getByRole("tab", { name: "Story" })).toHaveAttribute("aria-selected", "true");
  await expect(page).not.toHaveURL(/token/);
});
