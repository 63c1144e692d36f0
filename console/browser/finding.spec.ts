import type { Page } from "@playwright/test";
import { expect, expectAccessible, settled, test } from "./signed_in";
import { ask, world } from "./world";

const live = () => `/finding/${world().live}`;

const copied = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

test.beforeEach(({ context }) => context.grantPermissions(["clipboard-read", "clipboard-write"]));

test("the first screen answers who, what, where, to whom and how sure", async ({ page, visit }) => {
  await visit(live());
  const sentence = page.locator(".sentence");
  await expect(sentence).toContainText(/With \w+ confidence, .* ran .* in .*, connected to 127\.0\.0\.1:\d+\./);
  const facts = page.locator(".key-facts");
  const seen = [
    sentence,
    facts.getByText("Severity"),
    facts.getByText(/Active/),
    facts.getByText(/^127\.0\.0\.1:\d+$/),
    facts.getByText(/^\d+ others?$/),
    page.getByText("Program binary", { exact: true }),
    page.getByText("Arguments", { exact: true }),
    page.getByText("EXEC:/bin/sh").first(),
    page.getByText("Resource full name", { exact: true }),
    page.getByRole("heading", { name: "Next steps" }),
  ];
  for (const part of seen) {
    await expect(part).toBeInViewport({ ratio: 1 });
  }
});

test("the seed's step 1 by keyboard alone", async ({ page, visit }) => {
  await visit(live());
  for (const [key, tab] of [["2", "Story"], ["e", "Evidence"], ["4", "ATT&CK"], ["5", "JSON"], ["1", "Summary"]] as const) {
    await page.keyboard.press(key);
    await expect(page.getByRole("tab", { name: tab })).toHaveAttribute("aria-selected", "true");
  }
  await page.keyboard.press("c");
  await expect.poll(() => copied(page)).toMatch(/^vedette findings show organizations\/\S+/);
  await page.keyboard.press("y");
  await expect.poll(() => copied(page)).toContain(world().live);
  await page.keyboard.press("m");
  await expect(page.locator(".key-facts")).toContainText("Muted");
  await page.keyboard.press("m");
  await expect(page.locator(".key-facts")).toContainText("Unmuted");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("Copy the link to this page");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/findings/);
});

test("the story's tree and its events lead to each other", async ({ page, visit }) => {
  await visit(`${live()}?tab=story`);
  await page.getByRole("treeitem").first().focus();
  await page.keyboard.press("End");
  await expect(page.getByRole("heading", { name: "Peer" })).toBeVisible();
  await page.keyboard.press("Home");
  await page.keyboard.press("s");
  await page.keyboard.press("h");
  await expect(page.locator("[role=treeitem]:focus")).toHaveAttribute("aria-label", /^sh /);
  const events = page.getByRole("listbox");
  await events.focus();
  await page.keyboard.press("Home");
  await expect(page.getByRole("heading", { name: "Event", exact: true })).toBeVisible();
  await expectAccessible(page);
});

test("marks and a ticket are written, with the commands that do the same", async ({ page, visit }) => {
  const mark = `owner${Date.now()}`;
  await visit(live());
  await page.getByRole("button", { name: "Marks …" }).click();
  await page.getByLabel("Key").last().fill(mark);
  await page.getByLabel("Value").last().fill("it's $(id)");
  await expect(page.getByRole("dialog")).toContainText(`'--security-marks=${mark}=it'\\''s $(id)'`);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator(".key-facts")).toContainText(`${mark}=it's $(id)`);
  await page.getByRole("button", { name: "External system …" }).click();
  await page.getByLabel("Name of the system").fill("tickets");
  await page.getByLabel("Ticket").fill(mark);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator(".key-facts")).toContainText(`tickets ${mark}`);
  const { finding } = (await ask(world().url, world().token, "GET", `/v2/${world().live}`)) as {
    readonly finding: { readonly securityMarks?: { readonly marks?: Readonly<Record<string, string>> } };
  };
  expect(finding.securityMarks?.marks?.[mark]).toBe("it's $(id)");
});

test("a piece of evidence is saved under a name that nothing runs", async ({ page, visit }) => {
  await visit(`${live()}?tab=evidence`);
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: /^Download [0-9a-f]{8}/ }).first().click();
  expect((await waiting).suggestedFilename()).toMatch(/^[\w.-]+\.evidence$/);
  await page.getByRole("button", { name: "Download as encrypted archive" }).click();
  await expect(page.getByRole("button", { name: "Download", exact: true })).toBeDisabled();
  await page.getByRole("button", { name: "Make one" }).click();
  await expect(page.getByRole("button", { name: "Download", exact: true })).toBeEnabled();
  await expectAccessible(page);
});

test("what is folded opens, and its path is copied", async ({ page, visit }) => {
  await visit(`${live()}?tab=json`);
  await page.getByRole("button", { name: "Fold all", exact: true }).click();
  const tree = page.getByRole("tree");
  await tree.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("button", { name: "Copy: path for jq" }).click();
  await expect.poll(() => copied(page)).toMatch(/^\.finding\.\w+$/);
});

test("a link opens its page and tab after signing in", async ({ page }) => {
  await page.goto(`${world().url}${live()}?tab=evidence`);
  await page.getByRole("textbox").fill(world().token);
  await page.keyboard.press("Enter");
  await settled(page);
  await expect(page.getByRole("tab", { name: "Evidence" })).toHaveAttribute("aria-selected", "true");
  expect(new URL(page.url()).search).toBe("?tab=evidence");
});

test("at twice the size nothing is lost to the side", async ({ page, visit }) => {
  await page.setViewportSize({ width: 720, height: 450 });
  for (const tab of ["summary", "story", "evidence", "attack", "json"]) {
    await visit(`${live()}?tab=${tab}`);
    const [wide, room] = await page.evaluate(() => {
      const main = document.querySelector("main") ?? document.body;
      return [main.scrollWidth, main.clientWidth];
    });
    expect(wide, tab).toBeLessThanOrEqual(room ?? 0);
  }
});
