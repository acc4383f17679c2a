import { TZDate } from "@date-fns/tz";
import type { Due } from "@/lib/tasks";

/** The locale, time zone and current time for showing dates. */
export interface DateContext {
  locale: string;
  timezone: string;
  now: Date;
}

const DAY_MS = 86_400_000;
/** Cached by time zone: creating a format costs more than using it a thousand times. */
const DAY_FORMATS = new Map<string, Intl.DateTimeFormat>();
/** Days ahead that are shown as a weekday. */
const WEEKDAY_RANGE = 6;

/** Returns the day, `2026-11-24`, of an instant in a time zone. */
export function dayOf(instant: Date, timezone: string): string {
  let format = DAY_FORMATS.get(timezone);
  if (!format) {
    // Canadian dates have ISO format.
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

/** Returns the day of a due date in the user's time zone. */
export function dueDay(due: Due, timezone: string): string {
  return "date" in due ? due.date : dayOf(new Date(due.at), timezone);
}

/** Returns the time of day, `17:00`; empty for a due date without one. */
export function dueTime(due: Due, timezone: string): string {
  if ("date" in due) return "";
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(due.at));
}

/** Tells whether the instant, or the whole day in its own time zone, has passed. */
export function isOverdue(due: Due, now: Date): boolean {
  if ("at" in due) return new Date(due.at).getTime() <= now.getTime();
  return due.date < dayOf(now, due.timezone ?? "UTC");
}

/** Returns the number of days from today; negative in the past. */
export function daysUntil(day: string, dates: DateContext): number {
  const today = dayOf(dates.now, dates.timezone);
  return Math.round((Date.parse(day) - Date.parse(today)) / DAY_MS);
}

/** Formats a due date: "Tomorrow 17:00", "Friday", "24 Dec". */
export function formatDue(due: Due, dates: DateContext): string {
  const day = formatDay(dueDay(due, dates.timezone), dates);
  if ("date" in due) return day;
  return `${day} ${formatTime(due.at, dates)}`;
}

/** Formats the time of day of an instant. */
export function formatTime(instant: string, dates: DateContext): string {
  return new Intl.DateTimeFormat(dates.locale, {
    timeZone: dates.timezone,
    timeStyle: "short",
  }).format(new Date(instant));
}

/** Creates a due date from a day and a time of day in a time zone; null without a day. */
export function dueFrom(day: string, time: string, timezone: string): Due | null {
  if (!day) return null;
  if (!time) return { date: day, timezone };
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  const instant = new TZDate(year, month - 1, date, hours, minutes, timezone);
  return { at: instant.toISOString(), timezone };
}

/** Formats a day: "Tomorrow", "Friday", "24 Dec". */
export function formatDay(day: string, dates: DateContext): string {
  const days = daysUntil(day, dates);
  if (Math.abs(days) <= 1) {
    const words = new Intl.RelativeTimeFormat(dates.locale, { numeric: "auto" });
    const text = words.format(days, "day");
    return text.charAt(0).toLocaleUpperCase(dates.locale) + text.slice(1);
  }
  // Noon in UTC, so that no time zone shifts the day.
  const noon = new Date(`${day}T12:00:00Z`);
  if (days > 0 && days <= WEEKDAY_RANGE) {
    return new Intl.DateTimeFormat(dates.locale, { timeZone: "UTC", weekday: "long" }).format(noon);
  }
  const isThisYear = day.slice(0, 4) === dayOf(dates.now, dates.timezone).slice(0, 4);
  return new Intl.DateTimeFormat(dates.locale, {
    timeZone: "UTC",
    day: "numeric",
    month: "short",
    ...(isThisYear ? {} : { year: "numeric" }),
  }).format(noon);
}

/** Formats a past instant: the time if it was today, otherwise the day. */
export function formatMoment(instant: string, dates: DateContext): string {
  const moment = new Date(instant);
  if (dayOf(moment, dates.timezone) !== dayOf(dates.now, dates.timezone)) {
    return formatDay(dayOf(moment, dates.timezone), dates).toLocaleLowerCase(dates.locale);
  }
  return formatTime(instant, dates);
}
