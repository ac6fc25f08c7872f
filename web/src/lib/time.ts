// Times as people read them, in the zone they chose.

import { keep, kept } from "./kept";

const zoneName = "time_zone";

let zone = ""; // empty: not looked up yet

/** The chosen zone; without a choice that of this device. */
export function timeZone(): string {
  if (!zone) {
    const chosen = kept(zoneName);
    zone = isTimeZone(chosen) ? chosen : Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  }
  return zone;
}

export function chooseTimeZone(chosen: string): void {
  keep(zoneName, chosen);
  zone = "";
  formats.clear();
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

// To make one takes longer than to draw a post, so each is made once.
const formats = new Map<string, Intl.DateTimeFormat>();

function format(time: Date, options: Intl.DateTimeFormatOptions, locale = "en-GB"): string {
  const key = locale + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { timeZone: timeZone(), ...options });
    formats.set(key, found);
  }
  return found.format(time);
}

export const dayName = (time: Date) => format(time, { weekday: "long", day: "numeric", month: "long" });
export const shortDay = (time: Date) => format(time, { day: "numeric", month: "short" });
export const longDay = (time: Date) => format(time, { day: "numeric", month: "short", year: "numeric" });
export const monthName = (time: Date) => format(time, { month: "short", year: "numeric" });
export const clock = (time: Date) => format(time, { hour: "2-digit", minute: "2-digit" });
export const fullTime = (time: Date) =>
  format(time, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });

/** As clocks in that zone show it, whatever zone is chosen: `Sat, 21 Nov 06:00`. An unknown zone is told by the caller. */
export const timeIn = (zone: string, time: Date): string =>
  format(time, {
    ...(isTimeZone(zone) && { timeZone: zone }),
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });

/** Whether clocks in that zone show then what the reader's show. */
export const sameClock = (zone: string, time: Date): boolean => timeIn(zone, time) === timeIn(timeZone(), time);

/** `2026-11-21` of the zone. */
export const isoDay = (time: Date): string =>
  format(time, { year: "numeric", month: "2-digit", day: "2-digit" }, "sv-SE");

const sameDay = (a: Date, b: Date) => isoDay(a) === isoDay(b);

/** `just now`, `5 min ago`, `14:05`, `Tue 14:05`, `9 Nov`: as long as it needs to be. */
export function briefTime(time: Date, now = new Date()): string {
  const minutes = (now.getTime() - time.getTime()) / 60_000;
  if (minutes >= -1 && minutes < 1) return "just now";
  if (minutes >= 0 && minutes < 60) return `${Math.floor(minutes)} min ago`;
  if (sameDay(time, now)) return clock(time);
  if (minutes > 0 && minutes < 6 * 24 * 60) return `${format(time, { weekday: "short" })} ${clock(time)}`;
  return format(time, { year: "numeric" }) === format(now, { year: "numeric" }) ? shortDay(time) : longDay(time);
}

/** `in 5 min`, `in 3 h`, `tomorrow 06:00`, for what is to come. */
export function untilTime(time: Date, now = new Date()): string {
  const minutes = Math.round((time.getTime() - now.getTime()) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `in ${minutes} min`;
  if (minutes < 6 * 60) return `in ${Math.round(minutes / 60)} h`;
  if (sameDay(time, now)) return `today ${clock(time)}`;
  if (isoDay(time) === addDays(isoDay(now), 1)) return `tomorrow ${clock(time)}`;
  return `${format(time, { weekday: "short", day: "numeric", month: "short" })}, ${clock(time)}`;
}

/** From the one day to the other, both included: `28 Oct – 3 Nov 2026`. */
export function daysName(from: Date, to: Date, zone = timeZone()): string {
  const name = (time: Date) => format(time, { timeZone: zone, day: "numeric", month: "short", year: "numeric" });
  const first = name(from);
  const last = name(to);
  if (first === last) return last;
  const [day = "", month = "", year = ""] = first.split(" ");
  const [, lastMonth, lastYear] = last.split(" ");
  if (year !== lastYear) return `${first} – ${last}`;
  return `${month === lastMonth ? day : `${day} ${month}`} – ${last}`;
}

/**
 * A period as its days, the last one included: `9 – 19 Nov 2026`, as the command line names it (pipeline/period.h).
 * Summaries are of days of the server's zone, which are named as such if they are UTC's; what is no whole days has its
 * hours.
 */
export function periodName(start: string, end: string): string {
  const from = new Date(start);
  const to = new Date(end);
  const isWhole = (zone: string) =>
    [from, to].every((time) => format(time, { timeZone: zone, hour: "2-digit", minute: "2-digit" }) === "00:00");
  const zone = [timeZone(), "UTC"].find(isWhole);
  if (!zone) {
    const end = sameDay(from, to) ? clock(to) : `${longDay(to)}, ${clock(to)}`;
    return `${longDay(from)}, ${clock(from)} – ${end}`;
  }
  return daysName(from, new Date(to.getTime() - 1), zone);
}

/** `1.2 s`, `3 min 5 s`, `2 h 5 min`. */
export function durationName(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Whether the text is a day of the calendar, `2026-11-21`, and one that is meant: who types a year begins with `0002`. */
export function isDay(text: string): boolean {
  const time = /^[1-9]\d{3}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The first moment of that day (`2026-11-21`) in the zone: midnight, or where clocks skip it, an hour later. */
export function dayStart(day: string, zone = timeZone()): Date {
  const utc = Date.parse(`${day}T00:00:00Z`);
  const offset = (at: number) => {
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    }).formatToParts(at);
    const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
    return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - at;
  };
  const guess = utc - offset(utc);
  const start = utc - offset(guess);
  return new Date(start + offset(start) < utc ? guess : start);
}

/** The last `days` days, today included, as a query asks for them. */
export function lastDays(days: number): { since: string; until: string } {
  const today = isoDay(new Date());
  return {
    since: dayStart(addDays(today, 1 - days)).toISOString(),
    until: dayStart(addDays(today, 1)).toISOString(),
  };
}

export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
