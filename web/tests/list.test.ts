// A list of 100,000 posts: what it costs the page, and that nobody gets lost in it.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importManyPosts, importText, launch, manyPosts, openPage, Server, show, logIn } from "./support";

const stored = 100_000;
const everything = "/search?since=2000-01-01";

let browser: Browser;
let server: Server;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ withSamples: true })]);
  importManyPosts(server, stored);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function openList(): Promise<Page> {
  const { page } = await openPage(browser, server);
  await logIn(page);
  await show(page, everything);
  await page.locator(".virtual-item").first().waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  return page;
}

/** The place in the list of what has the focus. */
const focused = (page: Page) =>
  page.evaluate(() => Number(document.activeElement?.closest("[aria-posinset]")?.getAttribute("aria-posinset")));
const focus = (page: Page, place: number) =>
  page.waitForFunction((place) => document.activeElement?.getAttribute("aria-posinset") === String(place), place, {
    timeout: 20_000,
  });
/** Waits until nothing scrolls any more. */
const still = (page: Page) =>
  page.evaluate(async () => {
    for (let before = -1, same = 0; same < 20; same = window.scrollY === before ? same + 1 : 0) {
      before = window.scrollY;
      await new Promise(requestAnimationFrame);
    }
  });
/** Of the first post in sight: which it is, and where it stands. */
const inSight = (page: Page) =>
  page.evaluate(() => {
    const post = [...document.querySelectorAll("[aria-posinset]")]
      .map((element) => ({ place: Number(element.getAttribute("aria-posinset")), at: element.getBoundingClientRect() }))
      .filter(({ at }) => at.bottom > 0)
      .toSorted((a, b) => a.place - b.place)[0]!;
    return { place: post.place, top: Math.round(post.at.top) };
  });

test("to the end and back, with few elements in the page", { timeout: 400_000 }, async () => {
  const page = await openList();
  const most = await page.evaluate(async () => {
    const most = { elements: 0, posts: 0 };
    const isAtEnd = () => document.querySelector(".results")!.textContent!.includes("That is all.");
    while (!isAtEnd()) {
      window.scrollTo(0, document.body.scrollHeight);
      await new Promise(requestAnimationFrame);
      most.elements = Math.max(most.elements, document.getElementsByTagName("*").length);
      most.posts = Math.max(most.posts, document.querySelectorAll(".virtual-item").length);
    }
    return most;
  });
  expect(most.posts).toBeLessThan(50);
  expect(most.elements).toBeLessThan(2_500);
  const last = Number(await page.locator("[aria-posinset]").last().getAttribute("aria-setsize"));
  expect(last).toBeGreaterThan(stored);
  await page.keyboard.press("End");
  await page.locator(`[aria-posinset="${last}"]`).waitFor();

  // The keys go on from where the reader is, also from the very end.
  await page.locator(`[aria-posinset="${last}"]`).focus();
  await page.keyboard.press("k");
  await focus(page, last - 1);
  await still(page);
  await page.keyboard.press("Home");
  await page.locator('[aria-posinset="1"]').waitFor();
  await still(page);
  expect(await inSight(page)).toMatchObject({ place: 1 });
  expect(await page.locator(".virtual-item").count()).toBeLessThan(50);
  await page.context().close();
});

test("j goes on over the ends of pages, and the focus stays though its post is out of sight", async () => {
  const page = await openList();
  for (let place = 1; place <= 180; place += 1) {
    await page.keyboard.press("j");
    await focus(page, place);
  }
  await page.mouse.move(700, 500);
  for (let notch = 0; notch < 10; notch += 1) await page.mouse.wheel(0, 900);
  await page.waitForFunction(() => (document.activeElement?.getBoundingClientRect().bottom ?? 0) < -2000);
  await still(page);
  expect(await focused(page)).toBe(180);
  await page.keyboard.press("j");
  await focus(page, 181);
  await page.waitForFunction(() => {
    const { top, bottom } = document.activeElement!.getBoundingClientRect();
    return top > -1 && bottom < window.innerHeight + 1; // lines are not as high as whole pixels
  });
  await page.keyboard.press("k");
  await focus(page, 180);
  await page.context().close();
});

test("who comes back finds post and place again", async () => {
  const page = await openList();
  for (let place = 1; place <= 70; place += 1) {
    await page.keyboard.press("j");
    await focus(page, place);
  }
  // Opened in place: it stays where it is.
  await still(page);
  const before = await inSight(page);
  await page.evaluate(() => {
    const button = [...document.activeElement!.querySelectorAll("button")].find(
      (one) => one.textContent === "Why here?",
    );
    button!.focus();
  });
  await page.keyboard.press("Enter");
  await page
    .locator(".post-more")
    .getByText(/, post \d+$/)
    .waitFor();
  expect(await inSight(page)).toEqual(before);
  expect(await focused(page)).toBe(70);

  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  expect(await page.evaluate(() => window.scrollY)).toBe(0);
  await page.goBack();
  await focus(page, 70);
  expect(await inSight(page)).toEqual(before);

  // By a link within a post: of the first with a topic.
  await page.keyboard.press("Home");
  await still(page);
  const chip = page.locator(".post .chip").first();
  await chip.focus();
  const place = await focused(page);
  const there = await inSight(page);
  await page.keyboard.press("Enter");
  await page.locator(".chart").waitFor();
  await page.goBack();
  await focus(page, place);
  expect(await inSight(page)).toEqual(there);
  await page.context().close();
});

test("after an import, Sources shows what there is now", async () => {
  const page = await openList();
  await show(page, "/sources");
  const platforms = page.getByRole("region", { name: "Platforms" });
  const counted = async () => Number(/[\d,]+ posts in all/.exec(await platforms.innerText())![0].replace(/\D/g, ""));
  const before = await counted();
  expect(before).toBeGreaterThan(stored);
  await importText(page, "more.jsonl", manyPosts(300, 400).replaceAll("many-", "more-"));
  await platforms.getByText(`${(before + 300).toLocaleString("en-GB")} posts in all`).waitFor({ timeout: 20_000 });
  await page.context().close();
});
