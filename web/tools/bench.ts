// How soon the dashboard is there, and how smoothly a long list scrolls: npm run bench [first|list]…
//
// The built program (OFFX_BINARY) on this machine, in Debian's Chromium, without a graphics processor. Writes its figures
// into docs/dashboard.md; times are medians of `visits`, and those of a busy machine say little.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { importManyPosts, launch, logIn, openPage, Server, show } from "../tests/support";

const visits = 10;
const postsInList = 100_000;
const docs = fileURLToPath(new URL("../../docs/dashboard.md", import.meta.url));

const quantile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
const told = (values: number[]): string =>
  `${quantile(values, 0.5).toFixed(0)} ms (${Math.min(...values).toFixed(0)} – ${Math.max(...values).toFixed(0)})`;

/** When the first content was painted, and when the first topic could be read. */
async function timesOf(page: Page): Promise<{ first: number; card: number }> {
  await page.locator(".topic-card").first().waitFor();
  return page.evaluate(async () => {
    const at = (name: string) => performance.getEntriesByName(name)[0]?.startTime;
    for (;;) {
      const first = at("first-contentful-paint");
      const card = at("card");
      if (first !== undefined && card !== undefined) return { first, card };
      await new Promise(requestAnimationFrame);
    }
  });
}

/** Marks the frame after the one in which a topic first is in the page: by then it is painted. */
const markCard = () => {
  const look = () => {
    if (document.querySelector(".topic-card")) requestAnimationFrame(() => performance.mark("card"));
    else requestAnimationFrame(look);
  };
  look();
};

async function firstContent(browser: Browser): Promise<string[]> {
  const server = await Server.start({ withSamples: true });
  const rows: string[] = [];
  try {
    const entered = await openPage(browser, server, { serviceWorkers: "block" });
    await logIn(entered.page);
    await entered.page.locator(".topic-card").first().waitFor();
    const storageState = await entered.context.storageState();
    await entered.context.close();
    const cold: Awaited<ReturnType<typeof timesOf>>[] = [];
    const warm: typeof cold = [];
    for (let visit = 0; visit < visits; visit += 1) {
      const { page, context } = await openPage(browser, server, { storageState });
      await page.addInitScript(markCard);
      await page.goto("/");
      cold.push(await timesOf(page));
      await page.evaluate(() => navigator.serviceWorker.ready);
      await page.reload();
      warm.push(await timesOf(page));
      await context.close();
    }
    for (const [name, times] of [
      ["nothing kept", cold],
      ["with what the first visit kept", warm],
    ] as const) {
      rows.push(`| first content, ${name} | ${told(times.map(({ first }) => first))} |`);
      rows.push(`| first topic to be read, ${name} | ${told(times.map(({ card }) => card))} |`);
    }
  } finally {
    await server.stop();
  }
  return rows;
}

interface Scrolled {
  frames: number[]; // ms each
  nodes: number; // the most elements there were
  posts: number;
}

/** Scrolls by the wheel for a while, as fast as somebody who looks for something, and looks at every frame. */
async function scroll(page: Page, perNotch: number, notches: number): Promise<Scrolled> {
  await page.evaluate(() => {
    const seen = { frames: [] as number[], nodes: 0, posts: 0, stop: false };
    Object.assign(window, { seen });
    let before = performance.now();
    const frame = (now: number) => {
      seen.frames.push(now - before);
      before = now;
      if (seen.frames.length % 20 === 0) {
        seen.nodes = Math.max(seen.nodes, document.getElementsByTagName("*").length);
        seen.posts = Math.max(seen.posts, document.querySelectorAll(".virtual-item").length);
      }
      if (!seen.stop) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  for (let notch = 0; notch < notches; notch += 1) {
    await page.mouse.wheel(0, perNotch);
    await page.waitForTimeout(16);
  }
  return page.evaluate(() => {
    const { seen } = window as unknown as { seen: Scrolled & { stop: boolean } };
    seen.stop = true;
    seen.frames.shift();
    return seen;
  });
}

async function longList(browser: Browser): Promise<string[]> {
  const server = await Server.start({ withSamples: true });
  try {
    importManyPosts(server, postsInList);
    const { page } = await openPage(browser, server);
    await logIn(page);
    await show(page, "/search?since=2000-01-01");
    await page.locator(".virtual-item").first().waitFor();
    await page.mouse.move(700, 600);
    const rows: string[] = [];
    for (const [name, perNotch] of [
      ["slowly (100 px a frame)", 100],
      ["fast (600 px a frame)", 600],
    ] as const) {
      const { frames, nodes, posts } = await scroll(page, perNotch, 300);
      rows.push(
        `| a frame while scrolling ${name} | ${quantile(frames, 0.5).toFixed(0)} ms, 95 %: ` +
          `${quantile(frames, 0.95).toFixed(0)} ms, longest ${Math.max(...frames).toFixed(0)} ms; ` +
          `${posts} posts and ${nodes} elements in the page at most |`,
      );
    }
    return rows;
  } finally {
    await server.stop();
  }
}

const wanted = process.argv.slice(2).filter((name) => name === "first" || name === "list");
const browser = await launch();
const rows: string[] = [];
try {
  if (wanted.length === 0 || wanted.includes("first")) rows.push(...(await firstContent(browser)));
  if (wanted.length === 0 || wanted.includes("list")) rows.push(...(await longList(browser)));
} finally {
  await browser.close();
}
console.log(rows.join("\n"));
if (wanted.length === 0) {
  const table = [`On ${cpus().length} cores of ${cpus()[0]!.model}:`, "", "| what | time |", "| --- | --- |", ...rows];
  const text = readFileSync(docs, "utf8");
  const figures = /(<!-- npm run bench -->\n)[^]*?(<!-- -->)/;
  writeFileSync(
    docs,
    text.replace(figures, (_, begin: string, end: string) => `${begin}${table.join("\n")}\n${end}`),
  );
}
