// What somebody sees who is no administrator, and pictures that posts bring.
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axe, importText, launch, logIn, openPage, Server, show, type WatchedPage } from "./support";

const ordinary = { name: "bo", password: "a quite ordinary password" };

let browser: Browser;
let pictures: HttpServer;
let files: Record<string, Buffer>;
let server: Server;
let admin: WatchedPage;

beforeAll(async () => {
  browser = await launch();
  pictures = createServer((request, response) => {
    const file = files[request.url!.slice(1)];
    response.writeHead(file ? 200 : 404, { "content-type": "application/octet-stream" });
    response.end(file);
  });
  await new Promise<void>((listening) => pictures.listen(0, "127.0.0.1", listening));
  const { port } = pictures.address() as AddressInfo;
  server = await Server.start({ withSamples: true, more: { OFFX_ALLOW_HOSTS: `127.0.0.1:${port}` } });
  admin = await openPage(browser, server);
  await logIn(admin.page);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  pictures?.close();
});

test("an ordinary user is offered what an ordinary user may do", async () => {
  await show(admin.page, "/settings/users");
  await admin.page.getByLabel("User name").fill(ordinary.name);
  await admin.page.getByLabel("Password").fill(ordinary.password);
  await admin.page.getByRole("button", { name: "Add", exact: true }).click();
  await admin.page.getByText("bo can log in now.").waitFor();

  const { page, context, faults } = await openPage(browser, server);
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() === 403) refused.push(`${response.request().method()} ${response.url()}`);
  });
  await logIn(page, ordinary.name, ordinary.password);
  await show(page, "/jobs");
  expect(await page.getByText("Administrators run and change it.").count()).toBeGreaterThan(2);
  expect(await page.getByRole("button", { name: /^(Run now|Edit|Pause).*Back up/ }).count()).toBe(0);
  await page.getByRole("button", { name: "Run now: Summarise every topic" }).click();
  await page.getByRole("region", { name: "Runs" }).getByText("done").first().waitFor({ timeout: 20_000 });
  expect(await axe(page)).toEqual([]);
  await show(page, "/database");
  expect(await page.getByRole("button", { name: "Back up now" }).count()).toBe(0);
  await show(page, "/settings");
  expect(await page.getByRole("link", { name: "Users" }).count()).toBe(0);
  expect(refused).toEqual([]);
  expect(faults).toEqual([]);
  await context.close();
});

test("a server that is restarted is waited for, and what could not be had comes by itself", async () => {
  const { page, context } = await openPage(browser, server);
  await logIn(page);
  await page.locator(".topic-card").first().waitFor();
  await server.down();
  const told = page.getByText("What is shown may be old");
  await told.waitFor();
  await page.getByRole("link", { name: "Jobs" }).first().click();
  await page.getByRole("alert").first().waitFor();
  await server.up();
  await page.getByRole("heading", { name: "Back up" }).waitFor({ timeout: 20_000 });
  await told.waitFor({ state: "detached" });
  await context.close();
});

test("a view whose part of the program cannot be fetched says so, and the others go on", async () => {
  const { page, context } = await openPage(browser, server, { serviceWorkers: "block" });
  await logIn(page);
  await page.route(/assets\/jobs-.*\.js/, (route) => route.abort());
  await page.getByRole("link", { name: "Jobs" }).first().click();
  // The page is loaded anew once, in case a new release has other parts; that does not help here.
  await page.getByRole("heading", { name: "This view could not be loaded" }).waitFor();
  expect(await axe(page)).toEqual([]);
  await page.getByRole("link", { name: "Database" }).first().click();
  await page.getByRole("heading", { name: "Database", level: 1 }).waitFor();
  await page.unroute(/assets\/jobs-.*\.js/);
  await page.goto("/jobs");
  await page.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
  await context.close();
});

test("pictures come through the server, with their descriptions, and blurred behind a warning", async () => {
  const { page, faults } = admin;
  // As real encoders write them; the GIF is the smallest there is.
  const drawn = (type: string) =>
    page.evaluate(async (type) => {
      const canvas = document.createElement("canvas");
      canvas.width = 640;
      canvas.height = 400;
      const pen = canvas.getContext("2d")!;
      const sky = pen.createLinearGradient(0, 0, 640, 400);
      sky.addColorStop(0, "#1d4e89");
      sky.addColorStop(0.6, "#f79256");
      sky.addColorStop(1, "#20302c");
      pen.fillStyle = sky;
      pen.fillRect(0, 0, 640, 400);
      pen.fillStyle = "#fff4d8";
      pen.beginPath();
      pen.arc(430, 190, 46, 0, 7);
      pen.fill();
      const blob = await new Promise<Blob>((done) => canvas.toBlob((blob) => done(blob!), type, 0.8));
      return [...new Uint8Array(await blob.arrayBuffer())];
    }, type);
  files = {
    "a.png": Buffer.from(await drawn("image/png")),
    "b.jpg": Buffer.from(await drawn("image/jpeg")),
    "c.webp": Buffer.from(await drawn("image/webp")),
    "d.gif": Buffer.from("R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==", "base64"),
    "e.svg": Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  };
  const { port } = pictures.address() as AddressInfo;
  const media = (name: string) => ({
    url: `http://127.0.0.1:${port}/${name}`,
    type: "image",
    alt_text: `Sunset in ${name}`,
  });
  const post = (id: string, names: string[], more = {}) => ({
    external_id: id,
    platform: "x",
    author: "Vera Lindqvist",
    content: `Evening over Port Maren, part ${id}`,
    created_at: new Date(Date.now() - 60_000).toISOString(),
    media: names.map(media),
    ...more,
  });
  const posts = [
    post("m1", ["a.png", "b.jpg", "c.webp", "d.gif"]),
    post("m2", ["b.jpg"], { content_warning: "eye contact" }),
    post("m3", ["e.svg", "gone.png"]),
  ];
  await importText(page, "pictures.jsonl", posts.map((line) => JSON.stringify(line)).join("\n"));

  await show(page, "/search?q=part+m1");
  for (const name of ["a.png", "b.jpg", "c.webp", "d.gif"]) {
    // The list may be made anew meanwhile: the import tells of itself once more.
    await page.waitForFunction((alt) => {
      const image = [...document.images].find((image) => image.alt === alt);
      image?.scrollIntoView({ block: "nearest" });
      return image?.complete && image.naturalWidth > 0;
    }, `Sunset in ${name}`);
    expect(await page.getByRole("img", { name: `Sunset in ${name}` }).getAttribute("src")).toMatch(
      /^\/api\/v1\/media\/\d+$/,
    );
  }
  expect(await axe(page)).toEqual([]);
  await page.getByRole("button", { name: "Enlarge: Sunset in a.png" }).click();
  await page.getByRole("dialog").getByText("Sunset in a.png").waitFor();
  expect(await axe(page)).toEqual([]);
  await page.keyboard.press("Escape");

  await show(page, "/search?q=part+m2");
  const veiled = page.locator(".media.veiled img");
  await veiled.waitFor();
  expect(await veiled.evaluate((image) => getComputedStyle(image).filter)).toMatch(/blur\(\d+px\)/);
  expect(await page.getByText("Evening over").count()).toBe(0);
  expect(await page.getByRole("img", { name: /Sunset/ }).count()).toBe(0);
  await page.getByRole("button", { name: "Show anyway" }).click();
  await page.getByRole("img", { name: "Sunset in b.jpg" }).waitFor();
  expect(await veiled.count()).toBe(0);

  await show(page, "/search?q=part+m3");
  await page.getByText("Sunset in e.svg").waitFor();
  await page.getByText("Sunset in gone.png").waitFor();
  expect(faults).toEqual([]);
});
