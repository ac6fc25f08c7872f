// A person's way through the dashboard, from the first set-up to the log-out; each step goes on where the one before ended.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, openPage, password, recentPosts, Server, username, type WatchedPage } from "./support";

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
    await page.getByLabel("The password again").fill("something else here");
    expect(await page.getByText("These are not the same.").isVisible()).toBe(true);
    await page.getByLabel("The password again").fill(password);
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
    expect(await page.getByRole("row", { name: /recent-posts/ }).innerText()).toContain("240");
  });

  test("a topic is made, with its faults underlined and its posts previewed", async () => {
    const { page } = watched;
    await page.getByRole("link", { name: "New topic" }).click();
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
    expect(await told.innerText()).toMatch(/^\d+ posts match of all 240 stored/);
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
