import { expect, test, vi } from "vitest";
import { scaleNumber } from "./format";
import { endOf, labelledPoints, niceMaximum, spanOf, totals } from "./series";
import { chooseTimeZone } from "./time";

test("a selection goes both ways", () => {
  expect(spanOf(7, 3)).toEqual({ first: 3, last: 7 });
  expect(spanOf(3, 3)).toEqual({ first: 3, last: 3 });
});

test("the scale ends at a round number", () => {
  expect([0, 4, 5, 11, 23, 41, 99, 100, 101].map(niceMaximum)).toEqual([4, 4, 5, 20, 40, 50, 100, 100, 200]);
});

test("labels do not run into each other, and the last point has one", () => {
  expect(labelledPoints(14, 640)).toEqual([1, 3, 5, 7, 9, 11, 13]);
  expect(labelledPoints(1, 640)).toEqual([0]);
  expect(labelledPoints(1000, 640)).toHaveLength(10);
});

test("a span's score is the mean over its posts", () => {
  const point = (posts: number, score: number | null) => ({
    start: "",
    posts,
    score,
    positive: 0,
    neutral: 0,
    negative: 0,
  });
  const points = [point(10, 0.5), point(30, -0.1), point(0, null), point(5, null)];
  expect(totals(points, { first: 0, last: 3 })).toEqual({ posts: 45, score: 0.05 });
  expect(totals(points, { first: 2, last: 2 })).toEqual({ posts: 0, score: null });
});

test("an interval ends where clocks say", () => {
  vi.stubGlobal("localStorage", { getItem: () => "Europe/Berlin", setItem: () => {}, removeItem: () => {} });
  chooseTimeZone("Europe/Berlin");
  expect(endOf("2026-10-25T00:00:00+02:00", "hour")).toBe("2026-10-24T23:00:00.000Z");
  expect(endOf("2026-10-25T00:00:00+02:00", "day")).toBe("2026-10-25T23:00:00.000Z");
  expect(endOf("2026-03-23T00:00:00+01:00", "week")).toBe("2026-03-29T22:00:00.000Z");
  vi.unstubAllGlobals();
  chooseTimeZone("");
});

test("numbers of the scale have room beside it", () => {
  expect([0, 2.5, 400, 9999, 10_000, 25_000, 1_000_000].map(scaleNumber)).toEqual([
    "0",
    "2.5",
    "400",
    "9999",
    "10K",
    "25K",
    "1M",
  ]);
});
