// What people do beside the straight way: odd addresses, two browsers at once, keys where a mouse is expected.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { comeIn, importText, launch, logIn, manyPosts, openPage, password, Server, show, username } from "./support";

let browser: Browser;
let server: Server;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ withSamples: true })]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const at = (path: string) => comeIn(browser, server, path);

test("a set-up link that is no longer good, and the good one in the same page", async () => {
  const empty = await Server.start();
  const { page, context, faults } = await openPage(browser, empty);
  await page.goto("/setup#100%");
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Password again").fill(password);
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByText("This set-up link is not valid").waitFor();
  await page.goto(empty.setupLink!); // only what stands behind # differs: the page stays
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByText("Nothing to read yet").waitFor();
  expect(faults).toEqual([]);
  await context.close();
  await empty.stop();
});

test.each([
  ["since=garbage", "From", "That is no day; choose one."],
  ["since=2026-02-30", "From", "That is no day; choose one."],
  ["until=275760-09-13", "To", "That is no day; choose one."],
  ["since=2026-11-10&until=2026-11-01", "To", "That is before the first day."],
  ["topic=abc", "Topic", "Has to be an id: a number."],
  ["media=smell", "Media", "Has to be image, video or any."],
])("a search for ?%s says at %s what is wrong", async (query, label, told) => {
  const page = await at(`/search?q=larkdb&${query}`);
  await page.getByText(told).waitFor();
  const field = page.getByLabel(label, { exact: true });
  const described = await field.evaluate((control) =>
    control
      .getAttribute("aria-describedby")!
      .split(" ")
      .map((id) => document.getElementById(id)?.textContent),
  );
  expect(described).toContain(told);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.locator(".results mark").first().waitFor();
  await page.context().close();
});

test("a day is typed into the search, its year last", async () => {
  const page = await at("/search");
  await page.getByLabel("From").focus();
  await page.keyboard.type("11152026");
  await page.waitForURL(/since=2026-11-15$/);
  await page.keyboard.type("2025");
  await page.waitForURL(/since=2025-11-15$/);
  await page.locator(".results .post").first().waitFor();
  await page.context().close();
});

test("the focus comes back from dialogs, and stays on what is pressed", async () => {
  const page = await at("/jobs");
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  const press = async (name: string, key = "Enter") => {
    await page.getByRole("button", { name }).focus();
    await page.keyboard.press(key);
  };
  await press("Edit Summarise every topic");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("Edit Summarise every topic");
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("Edit Summarise every topic");

  await press("Pause Summarise every topic");
  await page.getByRole("button", { name: "Resume Summarise every topic" }).waitFor();
  expect(await focused()).toBe("Resume Summarise every topic");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Pause Summarise every topic" }).waitFor();

  const name = "Run now: Keep statistics";
  await press(name);
  await page.getByRole("region", { name: "Runs" }).getByText("done").first().waitFor({ timeout: 20_000 });
  expect(await focused()).toBe(name);
  await page.context().close();
});

test("keys go on where a box was ticked, and on a keyboard of other letters", async () => {
  const page = await at("/database");
  await page.getByRole("checkbox").click();
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
  await page.locator(".topic-card").first().waitFor();
  await page.evaluate(() => window.dispatchEvent(new KeyboardEvent("keydown", { key: "о", code: "KeyJ" })));
  expect(await page.evaluate(() => document.activeElement?.className)).toContain("topic-card");
  await page.context().close();
});

test("two browsers edit a topic: neither loses what it did", async () => {
  const one = await at("/topics/1/rule");
  const other = await at("/topics/1/rule");
  await one.getByLabel("Title").fill("Databases, and more");
  await other.getByLabel("Rule", { exact: true }).fill("larkdb OR postgres");
  await other.getByRole("button", { name: "Save" }).click();
  await other.getByText("Saved.").waitFor();
  await one.waitForFunction(
    () => document.querySelector<HTMLTextAreaElement>(".rule-box textarea")?.value === "larkdb OR postgres",
  );
  expect(await one.getByLabel("Title").inputValue()).toBe("Databases, and more");
  await one.getByRole("button", { name: "Save" }).click();
  await one.getByRole("heading", { name: "Databases, and more", level: 1 }).waitFor();
  expect(await one.getByLabel("Rule", { exact: true }).inputValue()).toBe("larkdb OR postgres");
  await one.context().close();
  await other.context().close();
});

test("a page that stays open counts each time it is looked at again as a visit", async () => {
  const { page, context } = await openPage(browser, server);
  await page.clock.install();
  let visits = 0;
  page.on("request", (request) => (visits += Number(request.url().endsWith("/today/visit"))));
  await logIn(page);
  await page.locator(".topic-card").first().waitFor();
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  expect(visits).toBe(1);
  await page.clock.fastForward("23:00:00");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await expect.poll(() => visits).toBe(2);
  await context.close();
});

test("a file goes on to be sent while another view is looked at, and the page is not left unasked meanwhile", async () => {
  const page = await at("/sources");
  const network = await page.context().newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 100_000 };
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", slow);
  const files = ["slow.jsonl", "next.jsonl"].map((name, number) => ({
    name,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(manyPosts(5000 - 4900 * number, 30).replaceAll("many-", `${name}-`)),
  }));
  await page.getByLabel("Files to import").setInputFiles(files);
  const sending = page.getByText(/Sending slow\.jsonl: .*, then 1 more file/);
  await sending.waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.locator(".topic-card").first().waitFor();
  const asked = page.waitForEvent("dialog");
  const reload = page.reload().catch(() => null);
  expect((await asked).type()).toBe("beforeunload");
  await (await asked).dismiss();
  await reload;
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await sending.waitFor();
  await network.send("Network.emulateNetworkConditions", { ...slow, uploadThroughput: -1 });
  for (const count of ["5,000 new", "100 new"]) await page.getByText(count).first().waitFor({ timeout: 60_000 });
  await page.reload(); // unasked
  await page.context().close();
});

test("a file that is dropped beside the field for it leaves the page as it is", async () => {
  const page = await at("/sources");
  const isPrevented = await page.evaluate(() => {
    const drop = new DragEvent("drop", { bubbles: true, cancelable: true });
    document.querySelector("h1")!.dispatchEvent(drop);
    return drop.defaultPrevented;
  });
  expect(isPrevented).toBe(true);
  await page.context().close();
});

test("of a post of many pages a part is shown, that with what was looked for, and all of it on demand", async () => {
  const page = await at("/sources");
  const filler = Array.from({ length: 6000 }, (_, number) => `filler${number}`).join(" ");
  const post = { external_id: "long", platform: "rss", author: "A feed", created_at: new Date().toISOString() };
  const text = `It begins here. ${filler} Then the narwhal spoke. ${filler} It ends here.`;
  await importText(page, "long.jsonl", `${JSON.stringify({ ...post, content: text })}\n`);
  await show(page, "/search?q=narwhal");
  const shown = page.locator(".results .post-text").first();
  await shown.locator("mark").waitFor();
  expect((await shown.innerText()).length).toBeLessThan(2500);
  const more = page.getByRole("button", { name: "Show all of it, 12,010 words" });
  await more.click();
  expect(await shown.innerText()).toMatch(/^It begins here\.[^]*It ends here\.$/);
  await page.getByRole("button", { name: "Show less" }).click();
  await more.waitFor();
  await page.context().close();
});

test("another tab of the same browser may change the password, or log in as somebody else", async () => {
  const page = await at("/settings/users");
  await page.getByLabel("User name").fill("cleo");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText("cleo can log in now.").waitFor();
  const other = await page.context().newPage();

  // A new password gives another token for forms; nobody notices.
  await show(page, "/jobs");
  const change = async (from: string, to: string) => {
    await show(other, "/settings");
    await other.getByLabel("Present password").fill(from);
    await other.getByLabel("New password", { exact: true }).fill(to);
    await other.getByLabel("New password again").fill(to);
    await other.getByRole("button", { name: "Change password" }).click();
    await other.getByText("The password is changed.").waitFor();
  };
  await change(password, `${password}, again`);
  await change(`${password}, again`, password);
  await page.getByRole("button", { name: "Pause Keep statistics" }).click();
  await page.getByRole("button", { name: "Resume Keep statistics" }).click();
  await page.getByRole("button", { name: "Pause Keep statistics" }).waitFor();

  await show(page, "/database");
  await page.getByRole("button", { name: "Back up now" }).waitFor();
  await show(other, "/settings");
  await other.getByRole("button", { name: "Log out" }).click();
  await other.waitForURL("**/login");
  await logIn(other, "cleo");
  await page.getByText("cleo", { exact: true }).waitFor();
  await page.getByRole("heading", { name: "Tables" }).waitFor();
  expect(await page.getByRole("button", { name: "Back up now" }).count()).toBe(0);
  await page.context().close();
});

test("a browser that keeps no cookie is told so, and what to do", async () => {
  const plain = await launch("--host-resolver-rules=MAP offx.test 127.0.0.1");
  const page = await plain.newPage({ baseURL: server.url.replace("127.0.0.1", "offx.test") });
  await page.goto("/");
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Over plain http this browser keeps no cookie of OffX").waitFor();
  await plain.close();
});

test("with many topics, what stands below them is in reach; one without posts says what there is to do", async () => {
  const page = await at("/topics");
  await page.evaluate(async () => {
    const { csrf_token } = (await (await fetch("/api/v1/session")).json()) as { csrf_token: string };
    const headers = { "content-type": "application/json", "x-csrf-token": csrf_token };
    for (let number = 1; number <= 40; number += 1) {
      const topic = { title: `Quiet ${number}`, ...(number > 1 && { rule: `nobody${number}` }) };
      await fetch("/api/v1/topics", { method: "POST", headers, body: JSON.stringify(topic) });
    }
  });
  await show(page, "/");
  await page.getByRole("link", { name: "All 45 topics" }).waitFor();
  expect(await page.locator(".sidebar .nav-link").count()).toBeLessThan(40);
  for (const key of "jjjjjjj") await page.keyboard.press(key);
  expect(await page.evaluate(() => document.activeElement?.querySelector("h2")?.textContent)).toBe("Quiet 2");

  await page.getByRole("link", { name: "Quiet 1", exact: true }).first().click();
  await page.getByText("This topic has no rule").waitFor();
  await page.getByRole("link", { name: "Give it a rule" }).waitFor();
  await page.getByRole("button", { name: "Yesterday" }).click();
  await page.getByText("There were no posts in that time, so there is nothing to sum up.").waitFor({ timeout: 20_000 });
  await page.context().close();
});

test("a summary that was asked for is the one that is shown then", async () => {
  const page = await at("/topics/2");
  const period = page.getByLabel("Period");
  await period.waitFor();
  const before = await period.inputValue();
  await page.getByRole("button", { name: "Last 14 days" }).click();
  await page.waitForFunction(
    (before) => document.querySelector<HTMLSelectElement>("select[aria-label=Period]")?.value !== before,
    before,
    { timeout: 20_000 },
  );
  await page.locator(".aside .summary-sentences li").first().waitFor();
  await page.context().close();
});

test("what is no status is told where it is typed, and no number may be left out of the settings", async () => {
  const page = await at("/settings/log");
  await page.getByLabel("Status").fill("4");
  await page.getByText("Has three digits, as 404.").waitFor();
  await page.getByLabel("Status").fill("200");
  await page.getByText("Has three digits, as 404.").waitFor({ state: "detached" });
  await page.getByRole("row", { name: /200/ }).first().waitFor();
  await show(page, "/settings/server");
  await page.getByLabel("Backups to keep").fill("");
  await page.getByRole("button", { name: "Save" }).click();
  expect(await page.getByLabel("Backups to keep").evaluate((field) => field.matches(":focus:invalid"))).toBe(true);
  await page.context().close();
});
