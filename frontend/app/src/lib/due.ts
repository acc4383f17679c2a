import { TZDate } from "@date-fns/tz";
import type { Due } from "@/lib/tasks";

/** How a person reads dates. */
export interface Reading {
  locale: string;
  timezone: string;
  now: Date;
}

const DAY_MS = 86_400_000;
/** By time zone: making one costs more than a thousand uses of it. */
const DAY_FORMATS = new Map<string, Intl.DateTimeFormat>();
const WEEK_DAYS = 6;

/** The day, `2026-11-24`, of an instant in a time zone. */
export function dayOf(instant: Date, timezone: string): string {
  let format = DAY_FORMATS.get(timezone);
  if (!format) {
    // Canada's way to write dates is ISO's.
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone: timezone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
    });
    DAY_FORMATS.set(timezone, format);
  }
  return format.format(instant);
}

/** The day a task is due on, as the reader sees it. */
export function dueDay(due: Due, timezone: string): string {
  return "date" in due ? due.date : dayOf(new Date(due.at), timezone);
}

/** The time of day, `17:00`, of a due that has one. */
export function dueTime(due: Due, timezone: string): string {
  if ("date" in due) return "";
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(due.at));
}

/** Whether the moment, or the whole day in its own zone, has passed. */
export function isOverdue(due: Due, now: Date): boolean {
  if ("at" in due) return new Date(due.at).getTime() <= now.getTime();
  return due.date < dayOf(now, due.timezone ?? "UTC");
}

/** Days from today; negative in the past. */
export function daysUntil(day: string, reading: Reading): number {
  const today = dayOf(reading.now, reading.timezone);
  return Math.round((Date.parse(day) - Date.parse(today)) / DAY_MS);
}

/** A due in words: "Tomorrow 17:00", "Fri", "24 Dec". */
export function formatDue(due: Due, reading: Reading): string {
  const day = formatDay(dueDay(due, reading.timezone), reading);
  if ("date" in due) return day;
  const time = new Intl.DateTimeFormat(reading.locale, {
    timeZone: reading.timezone,
    timeStyle: "short",
  }).format(new Date(due.at));
  return `${day} ${time}`;
}

/** The due that a day and a time of day mean to somebody in a time zone; null without a day. */
export function dueFrom(day: string, time: string, timezone: string): Due | null {
  if (!day) return null;
  if (!time) return { date: day, timezone };
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  const moment = new TZDate(year, month - 1, date, hours, minutes, timezone);
  return { at: moment.toISOString(), timezone };
}

function formatDay(day: string, reading: Reading): string {
  const days = daysUntil(day, reading);
  if (Math.abs(days) <= 1) {
    const words = new Intl.RelativeTimeFormat(reading.locale, { numeric: "auto" });
    return capital(words.format(days, "day"), reading.locale);
  }
  // The day itself, whatever the zone: noon of it in UTC.
  const noon = new Date(`${day}T12:00:00Z`);
  if (days > 0 && days <= WEEK_DAYS) {
    return new Intl.DateTimeFormat(reading.locale, { timeZone: "UTC", weekday: "long" }).format(
      noon,
    );
  }
  const isThisYear = day.slice(0, 4) === dayOf(reading.now, reading.timezone).slice(0, 4);
  return new Intl.DateTimeFormat(reading.locale, {
    timeZone: "UTC",
    day: "numeric",
    month: "short",
    ...(isThisYear ? {} : { year: "numeric" }),
  }).format(noon);
}

function capital(text: string, locale: string): string {
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}

/** A moment in the past, as near as it matters: the time if it was today, else the day. */
export function formatMoment(instant: string, reading: Reading): string {
  const moment = new Date(instant);
  if (dayOf(moment, reading.timezone) !== dayOf(reading.now, reading.timezone)) {
    return formatDay(dayOf(moment, reading.timezone), reading).toLocaleLowerCase(reading.locale);
  }
  return new Intl.DateTimeFormat(reading.locale, {
    timeZone: reading.timezone,
    timeStyle: "short",
  }).format(moment);
}
