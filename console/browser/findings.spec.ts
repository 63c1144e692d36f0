// The list of findings and the landing page, by mouse and by keyboard, on findings of the tests' own.

import { readFileSync } from "node:fs";
import type { Locator, Page, Route } from "@playwright/test";
import { expect, expectAccessible, test } from "./signed_in";
import { ask, world } from "./world";

const SOURCE = "organizations/local/sources/container-threat-detection";
const RUN = `listed${Date.now().toString(36)}`;
const POD = `web-${RUN}`;
const OWN = `name:"findings/${RUN}"`;
const FORMULA = "=cmd|' /C calc'!A0";
let made = 0;

async function make(more: Readonly<Record<string, unknown>>): Promise<void> {
  made += 1;
  const properties = { Pod_Namespace: "shop", Pod_Name: POD, Container_Name: "web", Container_Id: "c".repeat(64) };
  await ask(world().url, world().token, "POST", `/v2/${SOURCE}/findings?findingId=${RUN}${made}`, {
    state: "ACTIVE",
    category: "Listed: Shell",
    severity: "HIGH",
    eventTime: new Date(Date.now() - made * 1_000).toISOString(),
    description: "A shell of the tests.",
    sourceProperties: properties,
    ...more,
  });
}

/** The list with this filter of the tests' findings, of any state. */
function list(filter = OWN): string {
  return `/findings?state=&mute=&range=24h&filter=${encodeURIComponent(filter)}`;
}

function row(page: Page, index: number): Locator {
  return page.locator(`.findings [data-index="${index}"]`);
}

test.beforeAll(async () => {
  for (let index = 0; index < 30; index += 1) {
    await make(index % 3 === 0 ? { category: FORMULA, severity: "LOW" } : {});
  }
});

test("chips, text and quick filters say the same", async ({ page, visit }) => {
  await visit(list());
  await row(page, 1).getByRole("button", { name: "High" }).click();
  await expect(page).toHaveURL(/severity%3D%22HIGH%22/);
  await expect(page.getByRole("checkbox", { name: "High" })).toBeChecked();
  await expect(page.locator(".status")).toContainText("20 findings");
  await page.getByRole("checkbox", { name: "Low" }).check();
  await expect(page.locator(".query-bar")).toContainText("severity = HIGH or LOW");
  await page.getByRole("button", { name: /Remove: severity/ }).click();
  await expect(page.locator(".status")).toContainText("30 findings");
  await page.goBack();
  await expect(page.locator(".query-bar")).toContainText("severity = HIGH or LOW");
  await expectAccessible(page);
});

test("a wrong filter says what is wrong where it was written, and is not lost", async ({ page, visit }) => {
  await visit(list());
  await page.keyboard.press("/");
  const editor = page.locator(".cm-content");
  await expect(editor).toBeFocused();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("colour=red");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/expected a field that exists|expected one of the fields/)).toBeVisible();
  await expect(editor).toHaveText("colour=red");
  await expectAccessible(page);
});

test("by keyboard alone: select, mute, take back", async ({ page, visit }) => {
  await visit(list());
  const grid = page.getByRole("grid");
  await expect(row(page, 3)).toBeVisible();
  await grid.focus();
  for (const key of ["j", "j", "x", "Shift+ArrowDown", "m"]) {
    await page.keyboard.press(key);
  }
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("2 findings");
  await expect(dialog).toContainText("vedette findings set-mute");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Mute", exact: true }).press("Enter");
  await expect(dialog).toContainText("2 findings changed");
  await dialog.getByRole("button", { name: "Undo" }).press("Enter");
  await expect(dialog).toContainText("2 findings are as they were");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(grid).toBeFocused();
  await page.keyboard.press("f");
  await expect(page).toHaveURL(/severity/);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/finding\//);
});

test("what fails is said of each finding", async ({ page, visit }) => {
  await page.route("**/*:setState", (route: Route) =>
    route.fulfill({ status: 403, json: { error: { code: 403, status: "PERMISSION_DENIED", message: "you may not", details: [] } } }),
  );
  await visit(list());
  await row(page, 0).getByRole("checkbox").click();
  await page.getByRole("button", { name: /Select all that match/ }).click();
  await page.getByRole("button", { name: "Set inactive" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Set inactive" }).click();
  await expect(dialog).toContainText("30 could not be changed");
  await expect(dialog.locator(".failures li").first()).toContainText("you may not");
});

test("what is new comes when it is asked for, and no row under the cursor moves", async ({ page, visit }) => {
  const category = `Listed: new ${Date.now()}`;
  const filter = `category="${category}" OR category="Listed: Shell" AND ${OWN}`;
  await visit(list(filter));
  await expect(row(page, 5)).toBeVisible();
  const before = await row(page, 5).boundingBox();
  const link = await row(page, 5).getByRole("link").getAttribute("href");
  // what is listed is what was there when it was asked: two later ones
  await page.waitForResponse((answer) => decodeURIComponent(answer.url()).includes("create_time >"));
  await make({ category });
  await make({ category });
  await expect(page.locator(".pill")).toContainText("2 new", { timeout: 20_000 });
  await page.keyboard.press(".");
  await expect(page.locator(".pill")).toContainText("2 above");
  expect(await row(page, 7).getByRole("link").getAttribute("href")).toBe(link);
  expect((await row(page, 7).boundingBox())?.y).toBe(before?.y);
  await page.locator(".pill button").click();
  await expect(row(page, 0)).toContainText(category);
});

test("an export is inert in a spreadsheet", async ({ page, visit }) => {
  await visit(list());
  await page.getByRole("button", { name: "Export" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "CSV" }).check();
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Export", exact: true }).click();
  const file = readFileSync(await (await download).path(), "utf8");
  expect(file.split("\r\n").length).toBeGreaterThan(31);
  expect(file).toContain(`,'${FORMULA},LOW,`);
});

test("rows stay while the server is away, and the page goes on by itself", async ({ page, visit }) => {
  await visit(list());
  await expect(row(page, 3)).toBeVisible();
  await page.route("**/v2/**", (route: Route) => route.abort());
  await expect(page.getByText("The server cannot be reached")).toBeVisible({ timeout: 20_000 });
  await expect(row(page, 3)).toBeVisible();
  await page.unroute("**/v2/**");
  await expect(page.getByText("The server cannot be reached")).toHaveCount(0, { timeout: 40_000 });
});

test("findings of one pod are one incident, which leads to them", async ({ page, visit }) => {
  await visit("/");
  const card = page.locator(".incident", { hasText: `pod shop/${POD}` });
  await expect(card).toHaveCount(1);
  await expectAccessible(page);
  await card.getByRole("link", { name: /findings$/ }).click();
  await expect(page.locator(".query-bar")).toContainText(`source_properties.Pod_Name = ${POD}`);
  await expect(row(page, 1)).toBeVisible();
});

/** Pages of so many rows as no test's server has. */
async function many(route: Route, total: number): Promise<void> {
  const asked = new URL(route.request().url()).searchParams;
  const from = Number(asked.get("pageToken") || 0);
  const size = Number(asked.get("pageSize"));
  const isNewer = asked.get("filter")?.includes("create_time >") === true;
  const rows = Array.from({ length: isNewer ? 0 : Math.min(size, total - from) }, (_, index) => ({
    finding: { name: `${SOURCE}/findings/many${from + index}`, category: `Row ${from + index}`, severity: "LOW" },
  }));
  const next = from + rows.length < total && !isNewer ? { nextPageToken: String(from + rows.length) } : {};
  await route.fulfill({ json: { listFindingsResults: rows, totalSize: isNewer ? 0 : total, ...next } });
}

test("a hundred thousand rows scroll without a blank frame of more than 100 ms", async ({ page, visit }) => {
  await page.route(/\/findings\?/, async (route) => {
    await (route.request().resourceType() === "document" ? route.fallback() : many(route, 100_000));
  });
  await visit("/findings");
  await expect(row(page, 3)).toBeVisible();
  const blank = await page.locator(".findings").evaluate(async (grid) => {
    const seconds = 6;
    let [longest, since] = [0, 0];
    const began = performance.now();
    for (;;) {
      const now = await new Promise<number>(requestAnimationFrame);
      const box = grid.getBoundingClientRect();
      const isBlank = [0.3, 0.6, 0.9].some(
        (share) => document.elementFromPoint(box.left + box.width / 2, box.top + box.height * share)?.closest("[data-index]") == null,
      );
      since = isBlank ? since || now : 0;
      longest = Math.max(longest, isBlank ? now - since : 0);
      const share = (now - began) / seconds / 1_000;
      if (share >= 1) {
        return longest;
      }
      grid.scrollTop = share * grid.scrollHeight;
    }
  });
  expect(blank).toBeLessThan(100);
  await page.getByRole("grid").press("End");
  await expect(row(page, 99_999)).toContainText("Row 99999", { timeout: 40_000 });
});
