// What the dashboard shows while a database server is away, and that it goes on by itself.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  axe,
  DatabaseServer,
  launch,
  logIn,
  openPage,
  password,
  Server,
  show,
  username,
  type WatchedPage,
} from "./support";

let browser: Browser;
let database: DatabaseServer | null;
let server: Server;
let watched: WatchedPage;

beforeAll(async () => {
  database = await DatabaseServer.start();
  if (!database) return;
  const more = { OFFX_DB: database.url, AUTH_USERNAME: username, AUTH_PASSWORD: password };
  [browser, server] = await Promise.all([launch(), Server.start({ more })]);
  watched = await openPage(browser, server);
  const deadline = Date.now() + 60_000;
  while (!(await fetch(`${server.url}/readyz`)).ok && Date.now() < deadline)
    await new Promise((done) => setTimeout(done, 100));
  await logIn(watched.page);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await database?.stop();
});

test("an outage of the database is told, with what to do, and is over when it is over", async ({ skip }) => {
  if (!database) return skip("there is no sqld for this machine");
  const { page, faults } = watched;
  await show(page, "/database");
  const away = page.getByRole("alert").filter({ hasText: "The database is away" });
  expect(await away.count()).toBe(0);

  await database.down();
  await away.waitFor({ timeout: 40_000 });
  const told = await away.innerText();
  expect(told).toContain("The database refuses the connection: nothing listens at its address.");
  expect(told).toContain("Start its server");
  expect(told, "whoever is on this machine may know where").toContain(database.place);
  expect(await axe(page)).toEqual([]);

  // Other views say what is wrong and offer to try again.
  for (const [name, heading] of [
    ["Jobs", "Jobs"],
    ["Sources", "Sources"],
  ] as const) {
    await page.getByRole("navigation", { name: "Main", exact: true }).getByRole("link", { name }).click();
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
    const error = page.getByRole("alert").filter({ hasText: "refuses the connection" }).first();
    await error.waitFor({ timeout: 20_000 });
    await error.getByRole("button", { name: "Try again" }).waitFor();
  }

  // Who comes now cannot be known, and is told the same.
  await page.goto("/topics");
  await page.getByRole("heading", { name: "No database", level: 1 }).waitFor({ timeout: 20_000 });
  expect(await away.innerText()).toContain("Start its server");
  expect(await axe(page)).toEqual([]);

  await database.up();
  await page.getByRole("heading", { name: "Topics", level: 1 }).waitFor({ timeout: 40_000 });
  await show(page, "/database");
  expect(await away.count()).toBe(0);
  expect(faults).toEqual([]);
});
