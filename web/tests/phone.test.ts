// With a finger, on the screen of a phone: a day's work, every view as wide as the screen, nothing too small to be touched.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, nowhere, openPage, password, Server, show, username, views, type WatchedPage } from "./support";

let browser: Browser;
let server: Server;
let watched: WatchedPage;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ withSamples: true })]);
  watched = await openPage(browser, server, {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 3,
    hasTouch: true,
    isMobile: true,
  });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * Targets that are smaller than 24 by 24 CSS px (WCAG 2.2, 2.5.8), one line each. Links within a sentence may be as high as
 * its line, and a control may be small whose label is not.
 */
const tooSmall = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, summary, [tabindex='0']")]
      .filter((target) => target.checkVisibility({ visibilityProperty: true }) && !target.closest(".visually-hidden"))
      .filter((target) => !target.matches(".skip-link, .token, p a, .hint a"))
      .map((target) => ({ target, box: (target.closest("label") ?? target).getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && (box.width < 23.9 || box.height < 23.9))
      .map(({ target, box }) => {
        const name = target.getAttribute("aria-label") ?? target.textContent;
        return `${target.tagName}.${target.className} "${name}": ${box.width.toFixed(1)} by ${box.height.toFixed(1)}`;
      }),
  );

async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  expect(await tooSmall(page)).toEqual([]);
}

test("a day's work", async () => {
  const { page } = watched;
  await page.goto("/");
  await page.getByLabel("User name").tap();
  await page.keyboard.type(username);
  await page.getByLabel("Password", { exact: true }).tap();
  await page.keyboard.type(password);
  await fits(page);
  await page.getByRole("button", { name: "Log in" }).tap();
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();

  // A topic, with what its rule finds.
  await page.getByRole("link", { name: "Topics" }).last().tap();
  await page.getByRole("link", { name: "New topic" }).last().tap();
  await page.getByLabel("Title").tap();
  await page.keyboard.type("Larks");
  await page.getByLabel("Rule", { exact: true }).tap();
  await page.keyboard.type("larkdb");
  await page
    .locator("p[role=status]")
    .filter({ hasText: /^\d+ posts match of all/ })
    .waitFor();
  await fits(page);
  await page.getByRole("button", { name: "Make topic" }).tap();
  await page.getByRole("heading", { name: "Larks", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Last 14 days" }).tap();
  await page.locator(".aside .summary-sentences li").first().waitFor({ timeout: 20_000 });
  await fits(page);

  // Read: a source, the post it comes from, done.
  await page.getByRole("link", { name: "Today" }).last().tap();
  const card = page.locator(".topic-card").filter({ hasText: "Larks" });
  await card.getByRole("button", { name: "Source 1" }).first().tap();
  await card.locator(".cited-post .post").waitFor();
  await fits(page);
  await card.getByRole("button", { name: "Why here?" }).tap();
  await card.getByText("because of").first().waitFor();
  await card.getByRole("button", { name: "Mark Larks as done" }).tap();
  await card.getByRole("button", { name: "Take back: Larks is done" }).waitFor();
  await fits(page);

  // Search, with a filter.
  await page.getByRole("link", { name: "Search" }).last().tap();
  await page.getByRole("searchbox").tap();
  await page.keyboard.type("larkdb");
  await page.locator(".results mark").first().waitFor();
  await page.getByRole("button", { name: /^Filters/ }).tap();
  await page.getByLabel("Platform").selectOption("x");
  await page.waitForURL(/platform=x/);
  await page.locator(".results mark").first().waitFor();
  await fits(page);

  await page.getByRole("button", { name: "More" }).tap();
  await page.getByRole("dialog").getByRole("link", { name: "Settings" }).tap();
  await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  expect(watched.faults).toEqual([]);
});

test.each([...Object.entries(views), ...Object.keys(nowhere).map((path) => [path, path] as const)])(
  "%s is as wide as the screen, and everything in it large enough",
  async (_name, path) => {
    await show(watched.page, path);
    await fits(watched.page);
  },
);
