// A person's way through the dashboard, from the first set-up to the log-out; each step goes on where the one before ended.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  importText,
  launch,
  manyPosts,
  openPage,
  password,
  recentPosts,
  Server,
  show,
  username,
  type WatchedPage,
} from "./support";

let browser: Browser;
let server: Server;
let watched: WatchedPage;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
  watched = await openPage(browser, server);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe.sequential("from set-up to log-out", () => {
  test("the first set-up, by the link that was printed", async () => {
    const { page } = watched;
    await page.goto(server.setupLink!);
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    await page.getByLabel("User name").fill(username);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Password again").fill("something else here");
    expect(await page.getByText("These are not the same.").isVisible()).toBe(true);
    expect(await page.getByRole("button", { name: "Begin" }).isDisabled()).toBe(true);
    await page.getByLabel("Password again").fill(password);
    await page.getByRole("button", { name: "Begin" }).click();
    await page.getByText("Nothing to read yet").waitFor();
    expect(new URL(page.url()).hash).toBe("");
  });

  test("a file is imported, with its progress", async () => {
    const { page } = watched;
    await page.getByRole("link", { name: "Import posts" }).click();
    await page.getByLabel("Files to import").setInputFiles(recentPosts(server.folder));
    await page.locator(".import-over").waitFor({ timeout: 20_000 });
    expect(await page.locator(".import-over").innerText()).toMatch(/done/);
    await page.getByRole("region", { name: "Imports so far" }).getByText("recent-posts.jsonl").waitFor();
    expect(await page.getByRole("listitem").filter({ hasText: "recent-posts" }).innerText()).toContain("240 new");
  });

  test("while a longer file is imported, the bar says how far it is", async () => {
    const { page } = watched;
    await page.route("**/api/v1/events*", (route) => route.abort());
    await show(page, "/sources");
    // Every value that the bar shows, from the moment it is there.
    await page.evaluate(() => {
      const seen: [string, number, number][] = [];
      Object.assign(window, { seen });
      new MutationObserver(() => {
        for (const bar of document.querySelectorAll("progress"))
          seen.push([bar.getAttribute("aria-label") ?? "", bar.position, bar.max]);
      }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    });
    // However fast the import is: what the page hears first is that half of it is done, and the events keep still.
    let told = false;
    await page.route(/\/api\/v1\/runs\/\d+$/, async (route) => {
      const response = await route.fetch();
      if (told) return route.fulfill({ response });
      told = true;
      const progress = { done: 2_000_000, total: 4_000_000, unit: "bytes" };
      return route.fulfill({
        response,
        json: { ...(await response.json()), state: "running", result: null, progress },
      });
    });
    const name = "longer.jsonl";
    const file = { name, mimeType: "application/octet-stream", buffer: Buffer.from(manyPosts(600, 60)) };
    await page.getByLabel("Files to import").setInputFiles(file);
    await page.getByText("2,000,000 of 4,000,000 bytes").waitFor();
    await page.locator(".import-over").filter({ hasText: name }).waitFor({ timeout: 40_000 });
    await page.unroute(/\/api\/v1\/runs\/\d+$/);
    await page.unroute("**/api/v1/events*");
    const seen = await page.evaluate(() => (window as unknown as { seen: [string, number, number][] }).seen);
    const shares = (label: string) => seen.filter(([of]) => of === `${label} ${name}`).map(([, share]) => share);
    expect(shares("Sending")).not.toEqual([]); // how far, a short file is too quick to tell
    expect(shares("Import")).toContain(0.5);
    await page.getByRole("listitem").filter({ hasText: name }).getByText("600 new").waitFor();
  });

  test("what was skipped of a file is told item by item, and stays to be read", async () => {
    const { page } = watched;
    const good = {
      external_id: "k1",
      platform: "x",
      content: "A ferry goes at noon.",
      created_at: "2026-11-19T10:00:00Z",
    };
    const lines = [
      good,
      { ...good, external_id: "k2", content: "" },
      { ...good, external_id: "k3", created_at: "soon" },
    ];
    const over = await importText(
      page,
      "mixed.jsonl",
      `${lines.map((line) => JSON.stringify(line)).join("\n")}\nnot json\n`,
    );
    const told = over.locator(".problems li");
    expect(await told.count()).toBe(3);
    expect(await told.nth(0).innerText()).toMatch(/Line 2\s+content is missing or empty.*give the post a text/);
    expect(await told.nth(1).innerText()).toMatch(/Line 3\s+created_at /);
    expect(await told.nth(2).innerText()).toMatch(/Line 4\s+Is no JSON object: correct the line or remove it/);
    await page.reload();
    await page.getByRole("button", { name: "3 skipped: why?" }).click();
    expect(await page.locator(".import-problems .problems li").count()).toBe(3);
  });

  test("a file of no known format is told in words of this page, and imported as what it is", async () => {
    const { page } = watched;
    const over = await importText(page, "notes.dat", '# my notes\n{"text":"Ferries go again from Port Maren"}\n');
    const told = await over.innerText();
    expect(told).toContain("notes.dat: the format cannot be told: choose it");
    expect(told).not.toMatch(/--format|uploads|\/tmp/);
    await over.getByLabel("Its format is").selectOption("jsonl");
    await over.getByRole("button", { name: "Import it again" }).click();
    await page.locator(".import-over").filter({ hasText: "1 new" }).waitFor({ timeout: 20_000 });
    await page.reload();
    await page.getByRole("region", { name: "Imports so far" }).getByText("the format cannot be told").waitFor();
  });

  test("a topic is made, with its faults underlined and its posts previewed", async () => {
    const { page } = watched;
    await page.getByRole("link", { name: "New topic" }).click();
    await page.getByLabel("Title").fill("🎈".repeat(201));
    await page.getByText("Has 201 characters, more than the 200 it may have: shorten it.").waitFor();
    await page.getByLabel("Title").fill("Databases");
    await page.getByLabel("Rule", { exact: true }).fill("larkdb OR (");
    await page
      .getByRole("alert")
      .getByText(/^At character \d+/)
      .waitFor();
    expect(await page.locator(".rule-marks .fault").count()).toBe(1);
    expect(await page.getByRole("button", { name: "Make topic" }).isDisabled()).toBe(true);

    await page.getByLabel("Rule", { exact: true }).fill("larkdb OR sqlite");
    const told = page.locator("p[role=status]").filter({ hasText: "match" });
    await told.waitFor();
    expect(await told.innerText()).toMatch(/^\d+ posts match of all \d+ stored/);
    expect((await page.locator("mark").first().innerText()).toLowerCase()).toMatch(/larkdb|sqlite/);
    await page.getByRole("button", { name: "Make topic" }).click();
    await page.getByRole("heading", { name: "Databases", level: 1 }).waitFor();
    await page.locator(".virtual-item .post").first().waitFor({ timeout: 20_000 });
  });

  test("a span of the chart shows its posts", async () => {
    const { page } = watched;
    await page.locator('.chart .bar:not([height="0"])').first().waitFor();
    const chart = page.locator(".chart");
    await chart.focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /^Posts, / }).waitFor();
    await page.getByRole("button", { name: "Show all" }).first().click();
    await page.getByRole("heading", { name: "Posts", exact: true }).waitFor();
  });

  test("a summary is asked for, read, and its sources opened in place", async () => {
    const { page } = watched;
    await page.getByRole("button", { name: "Last 14 days" }).click();
    await page.locator(".aside .summary-sentences li").first().waitFor({ timeout: 20_000 });
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    const citation = page.getByRole("button", { name: /^Source / }).first();
    await citation.click();
    expect(await citation.getAttribute("aria-expanded")).toBe("true");
    const cited = page.locator(".cited-post .post");
    await cited.waitFor();
    const sentence = await page.locator(".summary-sentences li > span").first().innerText();
    expect(await cited.locator(".post-text").innerText()).toContain(sentence.replace("\u2060", ""));
    await citation.click();
    expect(await cited.count()).toBe(0);
  });

  test("why a post is here", async () => {
    const { page } = watched;
    await page.getByRole("heading", { name: "Databases" }).getByRole("link").click();
    const post = page.locator(".virtual-item .post").first();
    await post.getByRole("button", { name: "Why here?" }).click();
    await post.getByText("because of").waitFor();
    expect((await post.locator(".post-more code").first().innerText()).toLowerCase()).toMatch(/larkdb|sqlite/);
  });

  test("search marks what it found, and says where a query is wrong", async () => {
    const { page } = watched;
    await page.keyboard.press("/");
    const field = page.getByRole("searchbox");
    await field.fill("larkdb");
    await page.locator(".results mark").first().waitFor();
    expect((await page.locator(".results mark").first().innerText()).toLowerCase()).toBe("larkdb");
    expect(page.url()).toContain("q=larkdb");
    await field.fill('"write-ahead log');
    await page.getByText(/^At character \d+:/).waitFor();
    await field.fill("zzqqxx");
    await page.getByText("Nothing found").waitFor();
    await field.fill("larkdb");
    await page.getByLabel("Platform").selectOption("mastodon");
    await page.getByText("Nothing found").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    // By the keyboard: to the filters, and on to the author.
    await page.keyboard.press("Escape");
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.activeElement?.closest("#search-filters"));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("@quietindex.example");
    await page.waitForURL(/author=%40quietindex/);
    await field.fill("");
    await page.goto("/search?lang=es&media=any");
    expect(await page.getByLabel("Language").inputValue()).toBe("es");
    expect(await page.getByLabel("Media").inputValue()).toBe("any");
  });

  test("dark by choice, and it stays", async () => {
    const { page } = watched;
    await page.goto("/settings");
    await page.getByRole("button", { name: "Dark", exact: true }).click();
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await background()).toBe("rgb(20, 21, 25)");
    await page.reload();
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    expect(await background()).toBe("rgb(20, 21, 25)");
    await page.getByRole("button", { name: "As the system" }).click();
    expect(await background()).toBe("rgb(250, 249, 246)");
  });

  test("by the keyboard alone: through Today to done", async () => {
    const { page } = watched;
    await page.goto("/");
    await page.locator(".topic-card").first().waitFor();
    await page.keyboard.press("?");
    await page
      .getByRole("dialog", { name: "Keyboard" })
      .getByText("mark it done and go on to the next, or take that back")
      .waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("j");
    expect(await page.evaluate(() => document.activeElement?.className)).toContain("topic-card");
    await page.keyboard.press("1");
    await page.locator(".cited-post .post").waitFor();
    await page.keyboard.press("1");
    await page.locator(".cited-post .post").waitFor({ state: "detached" });
    await page.keyboard.press("m");
    await page.getByRole("heading", { name: "You are done." }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "You are done." }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("m");
    await page.getByRole("heading", { name: "You are done." }).waitFor({ state: "detached" });
    await page.keyboard.press("o");
    await page.getByRole("heading", { name: "Databases", level: 1 }).waitFor();
    await page.locator(".virtual-item .post").first().waitFor();
    await page.keyboard.press("j");
    await page.waitForFunction(() => document.activeElement?.classList.contains("post"));
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("heading", { name: "Search", level: 1 }).waitFor();
  });

  test("a new password is asked for twice", async () => {
    const { page } = watched;
    await show(page, "/settings");
    await page.getByLabel("Present password").fill(password);
    await page.getByLabel("New password", { exact: true }).fill(`${password}!`);
    await page.getByLabel("New password again").fill(`${password}?`);
    await page.getByText("These are not the same.").waitFor();
    expect(await page.getByRole("button", { name: "Change password" }).isDisabled()).toBe(true);
    await page.getByLabel("New password again").fill(`${password}!`);
    await page.getByText("These are not the same.").waitFor({ state: "detached" });
    expect(await page.getByRole("button", { name: "Change password" }).isDisabled()).toBe(false);
  });

  test("a job is run at once and paused", async () => {
    const { page } = watched;
    await page.goto("/jobs");
    await page
      .getByRole("button", { name: /^Run now: / })
      .first()
      .click();
    await page.getByRole("region", { name: "Runs" }).getByText("done").first().waitFor({ timeout: 20_000 });
    await page
      .getByRole("button", { name: /^Pause / })
      .first()
      .click();
    await page
      .getByRole("button", { name: /^Resume / })
      .first()
      .click();
    await page.getByRole("button", { name: /^Resume / }).waitFor({ state: "detached" });
  });

  test("a backup is made and listed", async () => {
    const { page } = watched;
    await page.goto("/database");
    await page.getByRole("button", { name: "Back up now" }).click();
    await page.getByRole("link", { name: "Download" }).first().waitFor({ timeout: 20_000 });
  });

  test("log-out ends the session", async () => {
    const { page } = watched;
    await page.goto("/settings");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await page.goto("/topics/1");
    await page.getByRole("heading", { name: "Log in" }).waitFor();
  });

  test("wrong passwords are refused, and throttled in the end", async () => {
    const { page } = watched;
    await page.getByLabel("User name").fill(username);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const answered = page.waitForResponse(
        (response) => response.url().endsWith("/session") && response.request().method() === "POST",
      );
      await page.getByLabel("Password", { exact: true }).press("Enter");
      const status = (await answered).status();
      expect(status).toBe(attempt < 10 ? 401 : 429);
      await page.getByRole("alert").waitFor();
    }
    expect(await page.getByRole("alert").innerText()).toMatch(/Try again in \d+ min/);
  });

  test("nothing went wrong on the way, and nobody else was asked", () => expect(watched.faults).toEqual([]));
});
