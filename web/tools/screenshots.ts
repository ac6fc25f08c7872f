// Pictures of every view for docs/images: npm run screenshots
//
// Light, dark and as on a phone, of the built program (OFFX_BINARY) on the samples. The fonts are those of the machine:
// fonts-inter, fonts-noto-core, -cjk and -color-emoji of Debian were installed for the ones in docs/.
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { launch, logIn, openPage, Server, show, views } from "../tests/support";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const maxBytes = 150_000;

const looks = {
  light: { viewport: { width: 1280, height: 860 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 860 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
} as const;

/** What is done on a view before its picture is taken. */
const before: Record<string, (page: Page) => Promise<void>> = {
  today: async (page) => {
    await page.getByRole("button", { name: "Source 2" }).first().click();
    await page.locator(".cited-post .post").waitFor();
  },
  jobs: async (page) => {
    if ((await page.getByRole("region", { name: "Runs" }).count()) > 0) return;
    for (const job of ["Back up", "Check the database", "Keep statistics"]) {
      await page.getByRole("button", { name: `Run now: ${job}` }).click();
    }
    await page.getByRole("row", { name: /done/ }).nth(2).waitFor();
    await page.getByText("just now").first().waitFor();
  },
};

async function take(page: Page, name: string) {
  const path = `${folder}web-${name}.png`;
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path, animations: "disabled" });
  // Fewer colours: nobody sees the difference, and the repository stays small.
  execFileSync("pngquant", ["--force", "--ext", ".png", "--speed", "1", "--quality", "70-98", path]);
  const bytes = statSync(path).size;
  if (bytes > maxBytes) throw new Error(`${path} has ${bytes} bytes`);
}

mkdirSync(folder, { recursive: true });
const browser = await launch();
const empty = await Server.start();
const server = await Server.start({ withSamples: true });
try {
  for (const [look, options] of Object.entries(looks)) {
    const first = await openPage(browser, empty, options);
    await first.page.goto(empty.setupLink!);
    await first.page.getByRole("heading", { name: "Welcome" }).waitFor();
    await take(first.page, `set-up-${look}`);
    await first.context.close();

    const { page, context } = await openPage(browser, server, options);
    await page.goto("/");
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await take(page, `log-in-${look}`);
    await logIn(page);
    for (const [name, path] of Object.entries(views)) {
      await show(page, path);
      await before[name]?.(page);
      await take(page, `${name}-${look}`);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await empty.stop();
  await server.stop();
}
