import { TZDate } from "@date-fns/tz";
import { type DateContext, formatDue } from "@/lib/due";
import type { Reminder } from "@/lib/tasks";

/** The usual times before a task is due, in minutes. */
export const REMINDER_MINUTES: readonly number[] = [0, 5, 10, 30, 60, 120, 1440, 2880, 10_080];

const UNITS: readonly [number, string][] = [
  [10_080, "week"],
  [1440, "day"],
  [60, "hour"],
  [1, "minute"],
];

/** Describes a time before a task is due: "2 hours before". */
export function describeMinutes(minutes: number): string {
  if (minutes === 0) return "When it’s due";
  const [size, unit] = UNITS.find(([each]) => minutes % each === 0) ?? [1, "minute"];
  const count = minutes / size;
  return `${count} ${unit}${count === 1 ? "" : "s"} before`;
}

/** Describes a reminder: "10 minutes before", "Tomorrow 17:00". */
export function describeReminder(reminder: Reminder, dates: DateContext): string {
  return reminder.at
    ? formatDue({ at: reminder.at, timezone: dates.timezone }, dates)
    : describeMinutes(reminder.minutes_before ?? 0);
}

/** Returns the instant of a local time, `2026-11-24T17:00`, in a time zone. */
export function instantOf(local: string, timezone: string): string {
  const [year = 0, month = 1, date = 1, hours = 0, minutes = 0] = local.split(/\D/).map(Number);
  return new TZDate(year, month - 1, date, hours, minutes, timezone).toISOString();
}
