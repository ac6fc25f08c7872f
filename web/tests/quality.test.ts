// What holds for every view: accessible, fast, small, and whole at every width.
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axe, launch, logIn, nowhere, openPage, Server, show, views, type WatchedPage } from "./support";

let browser: Browser;
let server: Server;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ withSamples: true })]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
  let watched: WatchedPage;
  beforeAll(async () => {
    watched = await openPage(browser, server, { colorScheme });
    await watched.page.goto("/");
    await watched.page.getByRole("heading", { name: "Log in" }).waitFor();
    expect(await axe(watched.page)).toEqual([]);
    await logIn(watched.page);
  });
  afterAll(() => watched?.context.close());

  test.each(Object.entries(views))("axe finds nothing in %s", async (_name, path) => {
    await show(watched.page, path);
    expect(await axe(watched.page)).toEqual([]);
    expect(watched.faults).toEqual([]);
  });

  test.each(Object.entries(nowhere))("%s says that it leads nowhere, and leads back", async (path, back) => {
    const { page } = watched;
    await show(page, path);
    expect(await axe(page)).toEqual([]);
    expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
    await page.getByRole("link", { name: back, exact: true }).click();
    await page.getByRole("link", { name: back, exact: true }).waitFor({ state: "detached" });
    await page.getByRole("heading", { level: 1 }).waitFor();
  });

  test.each(["/", "/topics/1"])(
    "%s has its heading before what it shows has come, and if it never comes",
    async (path) => {
      const { page, context } = watched;
      let answer = () => {};
      const asked = new Promise<void>((may) => (answer = may));
      await context.route(/\/api\/v1\/(today|topics\/1)\b/, async (route) => {
        await asked;
        await route.fulfill({ status: 503, json: { title: "Not now", status: 503 } });
      });
      await page.goto(path);
      await page.locator(".skeleton").first().waitFor();
      expect(await axe(page)).toEqual([]);
      answer();
      await page.locator("main").getByRole("button", { name: "Try again" }).first().waitFor();
      expect(await axe(page)).toEqual([]);
      await context.unroute(/\/api\/v1\/(today|topics\/1)\b/);
      await page.locator("main").getByRole("button", { name: "Try again" }).first().click();
      await page
        .locator(path === "/" ? ".topic-card" : ".segmented")
        .first()
        .waitFor();
    },
  );

  test("nor where something is open", async () => {
    const { page } = watched;
    await show(page, "/");
    await page
      .getByRole("button", { name: /^Source / })
      .first()
      .click();
    await page.locator(".cited-post .post").waitFor();
    await page.getByRole("button", { name: "Why here?" }).first().click();
    await page
      .getByText(/because of|filed by hand/)
      .first()
      .waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    expect(await axe(page)).toEqual([]);
  });
});

describe("narrow", () => {
  let watched: WatchedPage;
  beforeAll(async () => {
    watched = await openPage(browser, server, {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    await logIn(watched.page);
  });
  afterAll(() => watched?.context.close());

  test.each(Object.entries(views))("%s fits a phone, and axe finds nothing", async (_name, path) => {
    const { page } = watched;
    await show(page, path);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    expect(await axe(page)).toEqual([]);
  });

  test.each(Object.keys(nowhere))("%s, which leads nowhere, does so too", async (path) => {
    const { page } = watched;
    await show(page, path);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await axe(page)).toEqual([]);
  });

  test("everything can be reached", async () => {
    const { page } = watched;
    await show(page, "/");
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("dialog").getByRole("link", { name: "Database" }).click();
    await page.getByRole("heading", { name: "Database", level: 1 }).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});

describe("budgets", () => {
  // What makes a page slow is counted, so that a busy machine fails nothing; the times are told, for people to judge.
  test("a visit with nothing kept asks for little before its first content, and what is shown stays where it is", async () => {
    const first = await openPage(browser, server, { serviceWorkers: "block" });
    await logIn(first.page);
    await first.page.locator(".topic-card").first().waitFor();
    const storageState = await first.context.storageState();
    await first.context.close();
    const paints: number[] = [];
    const largest: number[] = [];
    for (let visit = 0; visit < 7; visit += 1) {
      const { page, context, faults } = await openPage(browser, server, { serviceWorkers: "block", storageState });
      const sizes: { path: string; plain: Buffer; type: string }[] = [];
      const read: Promise<void>[] = [];
      page.on("response", (response) => {
        const type = response.request().resourceType();
        const path = new URL(response.url()).pathname;
        if (type === "eventsource" || response.status() !== 200) return;
        read.push(response.body().then((plain) => void sizes.push({ path, plain, type })));
      });
      await page.addInitScript(() => {
        new PerformanceObserver((list) => Object.assign(window, { largest: list.getEntries().at(-1) })).observe({
          type: "largest-contentful-paint",
          buffered: true,
        });
      });
      await page.goto("/");
      await page.locator(".topic-card").first().waitFor();
      // What was painted largest is there to stay, and no part of the waiting.
      await page.waitForFunction(() =>
        (window as unknown as { largest?: { element: Element | null } }).largest?.element?.closest(".topic-card"),
      );
      const seen = await page.evaluate(async () => {
        const entries = (type: string) =>
          new Promise<PerformanceEntry[]>((done) => {
            const observer = new PerformanceObserver((list) => done(list.getEntries()));
            observer.observe({ type, buffered: true });
            setTimeout(() => done([]), 500); // there are none
          });
        await document.fonts.ready;
        type Shift = PerformanceEntry & { value: number };
        const shifts = (await entries("layout-shift")) as Shift[];
        const first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN;
        const asked = performance.getEntriesByType("resource").filter((entry) => entry.startTime < first);
        const parsed = (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming).domInteractive;
        return {
          first,
          before: asked.map((entry) => new URL(entry.name).pathname),
          early: (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
            .filter(({ startTime, initiatorType }) => initiatorType === "fetch" && startTime < parsed)
            .map(({ name }) => new URL(name).pathname),
          shift: shifts.reduce((sum, entry) => sum + entry.value, 0),
          largest: (window as unknown as { largest: PerformanceEntry }).largest.startTime,
        };
      });
      await Promise.all(read);
      paints.push(seen.first);
      largest.push(seen.largest);

      const html = sizes.find(({ path }) => path === "/")!.plain.toString();
      const gzipped = (chosen: typeof sizes) => chosen.reduce((sum, { plain }) => sum + gzipSync(plain).length, 0);
      const scripts = sizes.filter(({ type }) => type === "script");
      const styles = sizes.filter(({ type }) => type === "stylesheet");
      expect(gzipped(scripts)).toBeGreaterThan(10_000);
      expect(gzipped(scripts)).toBeLessThan(150_000);
      expect(gzipped(styles)).toBeGreaterThan(1_000);
      expect(gzipped(styles)).toBeLessThan(12_000);
      expect(gzipped(sizes)).toBeLessThan(200_000);
      expect(sizes.length).toBeLessThanOrEqual(12);
      // What the first view asks for is asked before the program runs, and once.
      const asked = sizes.map(({ path }) => path).filter((path) => path.startsWith("/api/"));
      expect(seen.early.toSorted()).toEqual(["/api/v1/session", "/api/v1/today", "/api/v1/topics"]);
      expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted());
      expect(gzipped(scripts.filter(({ path }) => path.includes("early")))).toBeLessThan(1_000);
      // No chain: the document names every script and style that is there before the first content.
      const parts = seen.before.filter((path) => path.startsWith("/assets/"));
      expect(parts.filter((path) => !html.includes(path))).toEqual([]);
      expect(parts.length).toBeGreaterThan(1);
      expect(seen.before.length).toBeLessThanOrEqual(8);
      expect(seen.shift).toBeLessThan(0.1);
      expect(faults.filter((fault) => !fault.includes("Service Worker"))).toEqual([]);
      if (visit === 0) {
        console.info(`before first content: ${seen.before.join(" ")}`);
        console.info(
          `gzip: scripts ${gzipped(scripts)}, styles ${gzipped(styles)}, all ${gzipped(sizes)} bytes in ` +
            `${sizes.length} answers; layout shift ${seen.shift}`,
        );
      }
      await context.close();
    }
    for (const [name, times] of [
      ["first", paints],
      ["largest", largest],
    ] as const) {
      const sorted = times.toSorted((a, b) => a - b);
      console.info(`${name} content, nothing kept: median ${sorted[3]} ms of ${sorted.join(", ")}`);
    }
  });

  test("the frame is there before the program is, and without it", async () => {
    const { page, context, faults } = await openPage(browser, server, { serviceWorkers: "block" });
    await page.route(/assets\/index-.*\.js/, (route) => route.abort());
    await page.goto("/");
    await page.locator(".entrance .brand").getByText("OffX").waitFor();
    expect(await page.locator(".sidebar").isVisible()).toBe(false);
    await page.unroute(/assets\/index-.*\.js/);
    await logIn(page);
    await page.route(/assets\/index-.*\.js/, (route) => route.abort());
    await page.goto("/topics/1");
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Sources" }).waitFor();
    expect(await page.locator(".entrance").isVisible()).toBe(false);
    expect(await page.locator(".skeleton").first().isVisible()).toBe(true);
    expect(faults).toEqual([]);
    await context.close();
  });

  test("a long list keeps few posts in the page", async () => {
    const { page, context } = await openPage(browser, server);
    await logIn(page);
    await show(page, "/search?since=2000-01-01");
    await page.locator(".virtual-item").first().waitFor();
    const seen = new Set<string>();
    let most = 0;
    for (let step = 0; step < 40; step += 1) {
      const shown = await page
        .locator(".virtual-item .post")
        .evaluateAll((posts) => posts.map((post) => post.getAttribute("data-post") ?? ""));
      for (const id of shown) seen.add(id);
      most = Math.max(most, shown.length);
      await page.mouse.wheel(0, 1500);
      await page.waitForTimeout(30);
    }
    expect(seen.size).toBeGreaterThan(100);
    expect(most).toBeLessThan(40);
    await context.close();
  });

  test("the page opens without a connection, and says that there is none", async () => {
    const { page, context } = await openPage(browser, server);
    await logIn(page);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    const kept = await page.evaluate(async () => {
      const names = await caches.keys();
      const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return requests.flat().map((request) => new URL(request.url).pathname);
    });
    expect(kept).toContain("/");
    expect(kept.filter((path) => path.startsWith("/api"))).toEqual([]);
    await context.setOffline(true);
    await page.goto("/topics/1");
    await page.getByText("The server cannot be reached.").waitFor();
    await context.setOffline(false);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await context.close();
  });
});
