// Every test begins signed in at a page of the tests' server.

import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type Page } from "@playwright/test";
import { world } from "./world";

export const test = base.extend<{ readonly visit: (path: string) => Promise<void> }>({
  visit: async ({ page }, use) => {
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => {
      // also what the Content-Security-Policy refused
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        wrong.push(message.text());
      }
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(world().url) && !request.url().startsWith("blob:")) {
        wrong.push(`asked another origin: ${request.url()}`);
      }
    });
    await use(async (path) => {
      await page.goto(`${world().url}${path}#token=${world().token}`);
      await settled(page);
    });
    expect(wrong).toEqual([]);
  },
});

/** Until nothing loads any more and there is something to read. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("h1").first()).toBeVisible();
  await expect(page.getByRole("progressbar")).toHaveCount(0);
}

export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ target }) => target.join(" ")) }));
  expect(told).toEqual([]);
}

export { expect };
