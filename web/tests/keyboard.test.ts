// Everything by the keys alone, in one go: no event of a mouse, a pen or a finger, and nothing is put into the page but by typing.
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, openPage, password, recentPosts, Server, username } from "./support";

let browser: Browser;
let server: Server;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const hasFocus = (target: Locator) =>
  target.evaluate((element) => element === document.activeElement, undefined, { timeout: 10_000 });

/** Presses Tab until the target has the focus, which must be seen. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor({ state: "attached" });
  for (let presses = 0; presses < 120 && !(await hasFocus(target)); presses += 1) await page.keyboard.press("Tab");
  expect(await hasFocus(target)).toBe(true);
  expect(await target.evaluate((element) => element.matches(":focus-visible"))).toBe(true);
}

async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

async function go(page: Page, key: string, heading: string): Promise<void> {
  await page.keyboard.press("g");
  await page.keyboard.press(key);
  await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
}

test("from the set-up link to the log-out", { timeout: 120_000 }, async () => {
  const { page, faults } = await openPage(browser, server);
  await page.addInitScript(() => {
    const pointed = JSON.parse(sessionStorage.getItem("pointed") ?? "[]") as string[];
    for (const type of ["pointerdown", "mousedown", "mousemove", "touchstart", "wheel"])
      window.addEventListener(type, () => sessionStorage.setItem("pointed", JSON.stringify([...pointed, type])), {
        capture: true,
      });
  });
  const { keyboard } = page;
  const chosen = page.waitForEvent("filechooser", { timeout: 0 }); // from now on, none opens on the screen

  // The first user. The first field has the focus already.
  await page.goto(server.setupLink!);
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  expect(await hasFocus(page.getByLabel("User name"))).toBe(true);
  await keyboard.type(username);
  for (let twice = 0; twice < 2; twice += 1) {
    await keyboard.press("Tab");
    await keyboard.type(password);
  }
  await keyboard.press("Enter");
  await page.getByText("Nothing to read yet").waitFor();

  // Out, and in again.
  await go(page, "e", "Settings");
  await press(page, page.getByRole("button", { name: "Log out" }));
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await tabTo(page, page.getByLabel("User name"));
  await keyboard.type(username);
  await keyboard.press("Tab");
  await keyboard.type(password);
  await keyboard.press("Enter");
  await page.getByText("Nothing to read yet").waitFor();

  // A file.
  await press(page, page.getByRole("link", { name: "Import posts" }));
  await page.getByRole("heading", { name: "Sources", level: 1 }).waitFor();
  await tabTo(page, page.getByRole("button", { name: "Choose files" }));
  await keyboard.press("Enter");
  await (await chosen).setFiles(recentPosts(server.folder));
  await page
    .locator(".import-over")
    .getByText(/240 new/)
    .waitFor({ timeout: 20_000 });

  // A topic, with what its rule finds.
  await keyboard.press("n");
  await page.getByRole("heading", { name: "New topic" }).waitFor();
  expect(await hasFocus(page.getByLabel("Title"))).toBe(true);
  await keyboard.type("Databases");
  await keyboard.press("Tab");
  await keyboard.type("larkdb OR sqlite");
  await page
    .locator("p[role=status]")
    .filter({ hasText: /^\d+ posts match of all/ })
    .waitFor();
  await press(page, page.getByRole("button", { name: "Make topic" }));
  await page.getByRole("heading", { name: "Databases", level: 1 }).waitFor();

  // Today: a summary is asked for, a source of it opened, the card marked done.
  await go(page, "t", "Today");
  await press(page, page.getByRole("button", { name: "Summarise the last 14 days now" }));
  const citation = page.getByRole("button", { name: "Source 1" });
  await citation.waitFor({ timeout: 20_000 });
  await press(page, citation);
  await page.locator(".cited-post .post").waitFor();
  expect(await hasFocus(citation)).toBe(true);
  await keyboard.press("Enter");
  await page.locator(".cited-post .post").waitFor({ state: "detached" });
  await keyboard.press("m");
  await page.getByRole("heading", { name: "You are done." }).waitFor();

  // A search, its posts one after another, and the first of them opened.
  await keyboard.press("/");
  await page.getByRole("heading", { name: "Search", level: 1 }).waitFor();
  await keyboard.type("larkdb");
  await page.waitForURL(/q=larkdb$/);
  await page.locator(".results mark").first().waitFor();
  await keyboard.press("Escape");
  expect(await page.getByRole("searchbox").inputValue()).toBe("larkdb");
  await keyboard.press("j");
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-posinset") === "1");
  await press(page, page.locator('[aria-posinset="1"]').getByRole("button", { name: "Why here?" }));
  await page.locator('[aria-posinset="1"]').getByText("because of").waitFor();
  await keyboard.press("j");
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-posinset") === "2");

  // What the keys are, and away with it.
  await keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });

  // Dark, and out.
  await go(page, "e", "Settings");
  await press(page, page.getByRole("button", { name: "Dark", exact: true }));
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(20, 21, 25)");
  await page.reload();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await press(page, page.getByRole("button", { name: "Log out" }));
  await page.getByRole("heading", { name: "Log in" }).waitFor();

  expect(await page.evaluate(() => sessionStorage.getItem("pointed"))).toBe(null);
  expect(faults).toEqual([]);
});
