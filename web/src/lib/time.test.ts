import { describe, expect, test, vi } from "vitest";
import { addDays, briefTime, chooseTimeZone, dayStart, durationName, isDay, periodName, untilTime } from "./time";

// Vitest runs with TZ=UTC (vite.config.ts), so that the device's zone is the same everywhere.
const now = new Date("2026-11-21T14:30:00Z");
const at = (text: string) => new Date(text);

describe("a time, briefly", () => {
  test.each([
    ["2026-11-21T14:29:40Z", "just now"],
    ["2026-11-21T14:05:00Z", "25 min ago"],
    ["2026-11-21T09:05:00Z", "09:05"],
    ["2026-11-19T09:05:00Z", "Thu 09:05"],
    ["2026-11-09T09:05:00Z", "9 Nov"],
    ["2025-11-09T09:05:00Z", "9 Nov 2025"],
  ])("%s is %s", (time, expected) => expect(briefTime(at(time), now)).toBe(expected));
});

describe("a time to come", () => {
  test.each([
    ["2026-11-21T14:30:10Z", "now"],
    ["2026-11-21T14:35:00Z", "in 5 min"],
    ["2026-11-21T17:30:00Z", "in 3 h"],
    ["2026-11-22T06:00:00Z", "tomorrow 06:00"],
  ])("%s is %s", (time, expected) => expect(untilTime(at(time), now)).toBe(expected));
});

test("periods are named by their days", () => {
  expect(periodName("2026-11-09T00:00:00Z", "2026-11-20T00:00:00Z")).toBe("9 – 19 Nov 2026");
  expect(periodName("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")).toBe("19 Nov 2026");
  expect(periodName("2026-10-28T00:00:00Z", "2026-11-04T00:00:00Z")).toBe("28 Oct – 3 Nov 2026");
});

test("days of the server's zone are not torn by the reader's", () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  chooseTimeZone("Europe/Berlin");
  expect(periodName("2026-11-09T00:00:00Z", "2026-11-20T00:00:00Z")).toBe("9 – 19 Nov 2026");
  expect(periodName("2026-11-08T23:00:00Z", "2026-11-19T23:00:00Z")).toBe("9 – 19 Nov 2026");
  expect(periodName("2026-11-09T08:00:00Z", "2026-11-09T10:00:00Z")).toBe("9 Nov 2026, 09:00 – 11:00");
  expect(periodName("2026-11-08T22:30:00Z", "2026-11-09T22:30:00Z")).toBe("8 Nov 2026, 23:30 – 9 Nov 2026, 23:30");
  expect(periodName("2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z")).toBe("28 Dec 2026 – 3 Jan 2027");
  chooseTimeZone("");
  vi.unstubAllGlobals();
});

test("durations", () => {
  expect([12, 1240, 185_000, 7_500_000].map(durationName)).toEqual(["12 ms", "1.2 s", "3 min 5 s", "2 h 5 min"]);
});

describe("a day begins at midnight of its zone", () => {
  test.each([
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"], // clocks go forward that day
    ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
    ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"], // went back the day before
    ["2026-11-21", "Asia/Kolkata", "2026-11-20T18:30:00.000Z"],
    // Clocks skip midnight, or have it twice.
    ["2026-09-06", "America/Santiago", "2026-09-06T04:00:00.000Z"],
    ["2026-04-05", "America/Santiago", "2026-04-05T04:00:00.000Z"],
    ["2026-03-08", "America/Havana", "2026-03-08T05:00:00.000Z"],
    ["2026-11-01", "America/Havana", "2026-11-01T04:00:00.000Z"],
    ["2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00.000Z"],
    ["2026-10-30", "Africa/Cairo", "2026-10-29T22:00:00.000Z"],
  ])("%s in %s", (day, zone, expected) => expect(dayStart(day, zone).toISOString()).toBe(expected));
});

test("days are added by the calendar", () => expect(addDays("2026-02-27", 3)).toBe("2026-03-02"));

test.each([
  ["2026-11-21", true],
  ["2024-02-29", true],
  ["2026-02-29", false],
  ["2026-13-01", false],
  ["0202-11-21", false],
  ["202611-11-21", false],
  ["2026-11-21T10:00", false],
  ["", false],
])("%j is a day: %s", (text, expected) => expect(isDay(text)).toBe(expected));
