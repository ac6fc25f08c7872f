// What surrounds the page: a network that goes, a server that fails, paper, colours of the system, a finger that scrolls.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axe, launch, logIn, openPage, Server, show, type WatchedPage } from "./support";

let browser: Browser;
let server: Server;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ withSamples: true })]);
  watched = await openPage(browser, server, { colorScheme: "dark" });
  page = watched.page;
  await logIn(page);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("a network that goes in the middle of a change is told, and the change can be sent again", async () => {
  await show(page, "/topics/2/rule");
  await page.getByLabel("Description").fill("What the sea did");
  await watched.context.setOffline(true);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("The server cannot be reached.").waitFor();
  await watched.context.setOffline(false);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("where the browser says that there is no network, a server on the same machine is asked all the same", async () => {
  await show(page, "/");
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await page.getByRole("link", { name: "Sources" }).first().click();
  await page.getByRole("region", { name: "Platforms" }).waitFor();
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
});

test("what is marked done stays so while a slow server still tells otherwise, until it refuses", async () => {
  await show(page, "/");
  let answer = (_: "refused") => {};
  const waits = new Promise<"refused">((done) => (answer = done));
  let asked = 0;
  await page.route(/\/today\/\d+\/done$/, async (route) => {
    asked += 1;
    if (asked === 2 && (await waits)) return route.fulfill({ status: 500, json: { title: "Not now" } });
    return route.continue();
  });
  const done = page.getByRole("button", { name: /^Take back: / });
  await page.getByRole("button", { name: "Mark Databases as done" }).click();
  const told = page.waitForResponse(/\/today\?/); // with the first mark, and without the second
  await page.getByRole("button", { name: "Mark Storm in Port Maren as done" }).click();
  await (await told).finished();
  await page.waitForTimeout(300);
  expect(await done.count()).toBe(2);
  answer("refused");
  await page.getByText("Not now.").waitFor();
  expect(await done.count()).toBe(1);
  await page.unroute(/\/today\/\d+\/done$/);
  await page.getByRole("button", { name: "Dismiss" }).click();
  await done.click();
  await done.waitFor({ state: "detached" });
});

test("a next page that cannot be had is told, and asked for again", async () => {
  await show(page, "/topics/1");
  for (let asked = 0; asked < 60; asked += 1) await page.evaluate(() => fetch("/api/v1/session"));
  await show(page, "/settings/log");
  await page.route(/\/api\/v1\/log\?.*after=/, (route) => route.fulfill({ status: 400, json: { title: "Not now" } }));
  await page.getByRole("button", { name: "Show more" }).click();
  await page.getByRole("alert").getByText("Not now.").waitFor();
  await page.unroute(/\/api\/v1\/log\?.*after=/);
  await page.getByRole("button", { name: "Show more" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
  await page.getByRole("row").nth(55).waitFor({ state: "attached" });
});

test("of more than a hundred summaries the older ones are within reach", async () => {
  const address = /\/api\/v1\/summaries\?/;
  await page.route(address, async (route) => {
    const response = await route.fetch();
    const answer = (await response.json()) as { summaries: object[]; next: string | null };
    const isNext = route.request().url().includes("after=");
    await route.fulfill({
      response,
      json: isNext ? { summaries: answer.summaries.slice(1), next: null } : { ...answer, next: "more" },
    });
  });
  await show(page, "/topics/1");
  await page.getByRole("link", { name: "Older ones, in Summaries" }).click();
  await page.getByRole("button", { name: "Show more" }).waitFor();
  await page.unroute(address);
});

test("who marks the words of a field and lets go beside the dialog does not close it; who clicks there does", async () => {
  await show(page, "/jobs");
  await page.getByRole("button", { name: "New job" }).click();
  const title = page.getByLabel("Title");
  await title.fill("Evenings");
  const box = (await title.boundingBox())!;
  await page.mouse.move(box.x + 80, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(20, box.y, { steps: 5 });
  await page.mouse.up();
  expect(await title.inputValue()).toBe("Evenings");
  await page.mouse.click(20, box.y);
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("what cannot be taken back is asked before, and done once it is confirmed", async () => {
  const dialog = page.getByRole("dialog");
  const remove = async (button: string) => {
    await page.getByRole("button", { name: button }).click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: button }).click();
    await dialog.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: button }).waitFor({ state: "detached" });
    await dialog.waitFor({ state: "detached" });
  };
  await show(page, "/settings/users");
  await page.getByLabel("User name").fill("bo");
  await page.getByLabel("Password").fill("a password that is long");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await remove("Remove bo");
  await show(page, "/jobs");
  await page.getByRole("button", { name: "New job" }).click();
  await page.getByLabel("Title").fill("Evenings");
  await page.getByRole("button", { name: "Save" }).click();
  await remove("Remove Evenings");
  await show(page, "/database");
  await page.getByRole("button", { name: "Back up now" }).click();
  await remove("Remove offx-");
  await show(page, "/topics/5/rule");
  await remove("Remove topic…");
  await page.getByRole("heading", { name: "Topics", level: 1 }).waitFor();
});

test("a finger that scrolls the page over the chart chooses nothing", async () => {
  const phone = await openPage(browser, server, {
    viewport: { width: 390, height: 700 },
    hasTouch: true,
    isMobile: true,
  });
  await logIn(phone.page);
  await show(phone.page, "/topics/1");
  const chart = phone.page.locator(".chart");
  await chart.locator(".bar").first().waitFor({ state: "attached" });
  const { x, y, height } = (await chart.boundingBox())!;
  const devtools = await phone.context.newCDPSession(phone.page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", moved?: number) =>
    devtools.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: moved === undefined ? [] : [{ x: x + 150, y: y + height / 2 - moved }],
    });
  await touch("touchStart", 0);
  for (let moved = 20; moved <= 160; moved += 20) await touch("touchMove", moved);
  await touch("touchEnd");
  expect(await phone.page.evaluate(() => window.scrollY)).toBeGreaterThan(50);
  expect(await chart.locator(".selection, .cursor").count()).toBe(0);
  await phone.context.close();
});

test("on paper there is what was said, dark on light, and a long list has not the height of all its posts", async () => {
  await show(page, "/search?since=2000-01-01");
  await page.locator(".virtual-item").first().waitFor();
  await page.emulateMedia({ media: "print" });
  const printed = await page.evaluate(() => ({
    height: document.querySelector<HTMLElement>(".virtual-list")!.offsetHeight,
    posts: [...document.querySelectorAll<HTMLElement>(".virtual-item")].reduce(
      (sum, item) => sum + item.offsetHeight,
      0,
    ),
    text: getComputedStyle(document.body).color,
  }));
  expect(Math.abs(printed.height - printed.posts)).toBeLessThan(20); // each is rounded
  expect(printed.text).toBe("rgb(28, 30, 34)");
  for (const hidden of [".sidebar", ".tabbar", "main .button"])
    expect(await page.locator(hidden).filter({ visible: true }).count()).toBe(0);
  expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(1000);
  await page.emulateMedia({ media: "screen" });
});

test("in the colours of the system, what is chosen is told from what is not", async () => {
  await page.emulateMedia({ forcedColors: "active" });
  const background = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => getComputedStyle(element).backgroundColor);
  await show(page, "/topics/1");
  for (const [chosen, not] of [
    [".segmented [aria-pressed=true]", ".segmented [aria-pressed=false]"],
    [".segmented [aria-current=page]", ".segmented a:not([aria-current])"],
    [".sidebar [aria-current=page]", ".sidebar .nav-link:not([aria-current])"],
  ] as const)
    expect(await background(chosen)).not.toBe(await background(not));
  expect(await axe(page)).toEqual([]);
  await page.emulateMedia({ forcedColors: "none" });
  expect(watched.faults).toEqual([]);
});
