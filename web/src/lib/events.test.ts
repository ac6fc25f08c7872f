import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listen } from "./events";

class Source {
  static readonly CLOSED = 2;
  static all: Source[] = [];
  readyState = 0;
  onopen = () => {};
  onerror = () => {};
  private listeners = new Map<string, (event: { data: string }) => void>();
  constructor() {
    Source.all.push(this);
  }
  addEventListener(name: string, listener: (event: { data: string }) => void) {
    this.listeners.set(name, listener);
  }
  send(name: string, data: unknown) {
    this.listeners.get(name)!({ data: JSON.stringify(data) });
  }
  close() {}
  end(readyState: number) {
    this.readyState = readyState;
    this.onerror();
  }
}

const client = new QueryClient();
const isStale = (key: string) => client.getQueryState([key])?.isInvalidated;
let lost: boolean[] = [];
let close = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  Source.all = [];
  lost = [];
  for (const key of ["session", "today", "posts"]) client.setQueryData([key], { pages: [] });
  close = listen(client, (now) => lost.push(now));
});
afterEach(() => {
  close();
  client.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a stream that is back soon is not lost, and posts stay", () => {
  const source = Source.all[0]!;
  source.onopen();
  source.end(0);
  vi.advanceTimersByTime(5000);
  source.onopen();
  vi.advanceTimersByTime(60_000);
  expect(lost).not.toContain(true);
  expect(isStale("today")).toBe(true);
  expect(isStale("posts")).toBe(false);
});

test("one that stays away is lost until it is back", () => {
  const source = Source.all[0]!;
  source.end(0);
  source.end(0);
  vi.advanceTimersByTime(9000);
  expect(lost).toEqual([true]);
  source.onopen();
  expect(lost).toEqual([true, false]);
});

test("one that is refused asks who is logged in before it tries again", () => {
  Source.all[0]!.end(Source.CLOSED);
  expect(isStale("session")).toBe(true);
  expect(Source.all).toHaveLength(1);
  vi.advanceTimersByTime(4000);
  expect(Source.all).toHaveLength(2);
});

test("a migration's progress is shown at once, and one that begins or goes on to another phase changes the tables", () => {
  const source = Source.all[0]!;
  const told = () => client.getQueryData<{ migrations: object[] }>(["database"])!.migrations;
  client.setQueryData(["database"], { migrations: [{ name: "a", phase: "backfill", done: 1 }] });
  source.send("migration", { name: "a", phase: "backfill", done: 2 });
  expect(told()).toEqual([{ name: "a", phase: "backfill", done: 2 }]);
  expect(isStale("database")).toBe(false);
  source.send("migration", { name: "a", phase: "live", done: 2 });
  expect(told()).toEqual([{ name: "a", phase: "live", done: 2 }]);
  expect(isStale("database")).toBe(true);

  client.setQueryData(["database"], { migrations: [] });
  expect(isStale("database")).toBe(false);
  source.send("migration", { name: "b", phase: "expand" });
  expect(isStale("database")).toBe(true);
});
