// The arithmetic of the volume chart.
import type { Interval, SeriesPoint } from "../api-types";
import { addDays, dayStart, isoDay } from "./time";

export interface Span {
  first: number; // indexes of points, both included
  last: number;
}

/** The span between two points, whichever was touched first. */
export const spanOf = (a: number, b: number): Span => ({ first: Math.min(a, b), last: Math.max(a, b) });

/** Where an interval ends: days have 23 or 25 hours where clocks change. */
export const endOf = (start: string, interval: Interval): string =>
  (interval === "hour"
    ? new Date(Date.parse(start) + 3_600_000)
    : dayStart(addDays(isoDay(new Date(start)), interval === "day" ? 1 : 7))
  ).toISOString();

/** A round number at or above `value`, so that the scale's end can be read. */
export function niceMaximum(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 4, 5, 10]) if (value <= step * power) return step * power;
  return 10 * power;
}

/** Which points get a label below: as many as fit, evenly, the last one among them. */
export function labelledPoints(count: number, width: number, labelWidth = 64): number[] {
  const fit = Math.max(1, Math.floor(width / labelWidth));
  const step = Math.max(1, Math.ceil(count / fit));
  const found = [];
  for (let index = count - 1; index >= 0; index -= step) found.unshift(index);
  return found;
}

export function totals(points: SeriesPoint[], span: Span): { posts: number; score: number | null } {
  let posts = 0;
  let scored = 0;
  let sum = 0;
  for (const point of points.slice(span.first, span.last + 1)) {
    posts += point.posts;
    if (point.score !== null) {
      scored += point.posts;
      sum += point.score * point.posts;
    }
  }
  return { posts, score: scored > 0 ? sum / scored : null };
}
