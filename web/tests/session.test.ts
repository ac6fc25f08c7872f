// A session that ends while somebody works: what was typed is there when the same user is back, for nobody else.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axe, comeIn, launch, logIn, password, Server, show, username } from "./support";

const other = { name: "cleo", password: "another long password" };

let browser: Browser;
let server: Server;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start({ withSamples: true })]);
  const page = await at("/settings/users");
  await page.getByLabel("User name").fill(other.name);
  await page.getByLabel("Password").fill(other.password);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText("cleo can log in now.").waitFor();
  await page.context().close();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const at = (path: string) => comeIn(browser, server, path);

/** As from another browser, under Settings: the page does not know of it. */
async function endSession(page: Page): Promise<void> {
  const mine = await page.evaluate(async () => {
    const { sessions } = (await (await fetch("/api/v1/account/sessions")).json()) as {
      sessions: { id: number; current: boolean }[];
    };
    return sessions.find(({ current }) => current)!.id;
  });
  const elsewhere = await at("/settings");
  const status = await elsewhere.evaluate(async (id) => {
    const { csrf_token } = (await (await fetch("/api/v1/session")).json()) as { csrf_token: string };
    const headers = { "x-csrf-token": csrf_token };
    return (await fetch(`/api/v1/account/sessions/${id}`, { method: "DELETE", headers })).status;
  }, mine);
  expect(status).toBe(204);
  await elsewhere.context().close();
}

async function enterAgain(page: Page, name = username, secret = password): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "Log in again" });
  await dialog.waitFor();
  await dialog.getByLabel("User name").fill(name);
  await dialog.getByLabel("Password", { exact: true }).fill(secret);
  await dialog.getByRole("button", { name: "Log in" }).click();
  await dialog.waitFor({ state: "detached" });
}

test("a topic that is half typed", async () => {
  const page = await at("/topics/1/rule");
  const rule = page.getByLabel("Rule", { exact: true });
  await page.getByLabel("Title").fill("Databases, and more");
  await rule.fill("larkdb OR post");
  await page.getByText(/posts match/).waitFor();
  await endSession(page);
  await rule.pressSequentially("gres"); // what it finds is asked for
  await page.getByRole("heading", { name: "Log in again" }).waitFor();

  expect(await page.title()).toBe("Log in again · OffX");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("password");
  expect(await page.getByLabel("User name").inputValue()).toBe(username);
  expect(await page.getByRole("heading", { level: 1 }).allInnerTexts()).toEqual(["Log in again"]);
  expect(await page.getByText("LarkDB").filter({ visible: true }).count()).toBe(0);
  expect(await axe(page)).toEqual([]);
  for (const key of ["Escape", "Escape", "Escape"]) await page.keyboard.press(key);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.waitForTimeout(3500); // who is out asks nothing, not even for events
  expect(asked).toEqual([]);

  await enterAgain(page);
  expect(await page.title()).toBe("Databases · OffX");
  expect(await page.getByLabel("Title").inputValue()).toBe("Databases, and more");
  expect(await rule.inputValue()).toBe("larkdb OR postgres");
  expect(await rule.evaluate((field) => field === document.activeElement)).toBe(true);
  await page.locator(".post").first().waitFor(); // what could not be asked for
  expect(await page.getByRole("alert").count()).toBe(0);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.context().close();
});

test("a job in its dialog, sent when the session has ended already", async () => {
  const page = await at("/jobs");
  await page.getByRole("button", { name: "New job" }).click();
  await page.getByLabel("Title").fill("Evenings");
  await page.getByLabel("Schedule").fill("30 19 * * *");
  await endSession(page);
  await page.getByRole("button", { name: "Save" }).click();
  await enterAgain(page);
  await page
    .getByRole("dialog", { name: "New job: summaries" })
    .getByText("Not done: the session had ended.")
    .waitFor();
  expect(await page.getByLabel("Schedule").inputValue()).toBe("30 19 * * *");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Evenings" }).waitFor();
  await page.context().close();
});

test("passwords and tokens are not kept", async () => {
  const page = await at("/settings/users");
  await page.getByLabel("User name").fill("dora");
  await page.getByLabel("Password").fill("a password that is half typed");
  await endSession(page);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await enterAgain(page);
  expect(await page.getByLabel("User name").inputValue()).toBe("dora");
  expect(await page.getByLabel("Password").inputValue()).toBe("");

  await show(page, "/settings/tokens");
  await page.getByLabel("What for").fill("a script");
  await page.getByRole("button", { name: "Make token" }).click();
  await page.getByText("Copy it now").waitFor();
  await endSession(page);
  await page.getByRole("button", { name: "Revoke a script" }).click();
  await page.getByRole("heading", { name: "Log in again" }).waitFor();
  expect(await page.content()).not.toContain("Copy it now");
  await page.context().close();
});

test("somebody else who logs in there finds nothing of it", async () => {
  const page = await at("/topics/new");
  await page.getByLabel("Title").fill("A secret of mine");
  await page.getByLabel("Rule", { exact: true }).fill("lark");
  await page.getByText(/posts? match/).waitFor();
  await endSession(page);
  await page.getByRole("button", { name: "Make topic" }).click();
  await enterAgain(page, other.name, other.password);
  await page.locator(".sidebar").getByText(other.name, { exact: true }).waitFor();
  expect(await page.getByLabel("Title").inputValue()).toBe("");
  expect(await page.content()).not.toContain("A secret of mine");
  await page.context().close();
});

test("who logs out in one tab leaves nothing in another; who logs in there is in here too", async () => {
  const page = await at("/topics/new");
  await page.getByLabel("Title").fill("A secret of mine");
  const tab = await page.context().newPage();
  await show(tab, "/settings");
  await tab.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in", exact: true }).waitFor();
  expect(await page.content()).not.toContain("A secret of mine");
  await logIn(tab);
  await page.getByRole("heading", { name: "New topic" }).waitFor();
  expect(await page.getByLabel("Title").inputValue()).toBe("");
  await page.context().close();
});

test("a session that ended in all tabs is begun anew in one for all of them", async () => {
  const page = await at("/topics/new");
  const tab = await page.context().newPage();
  await show(tab, "/jobs");
  await page.getByLabel("Title").fill("Still here");
  await endSession(page);
  await tab.getByRole("button", { name: "Pause Keep statistics" }).click();
  await page.getByRole("heading", { name: "Log in again" }).waitFor();
  await enterAgain(tab);
  await page.getByRole("heading", { name: "New topic" }).waitFor();
  expect(await page.getByLabel("Title").inputValue()).toBe("Still here");
  await page.context().close();
});
