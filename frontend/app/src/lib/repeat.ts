import type { Repeat } from "@/lib/tasks";

const UNITS: Record<string, string> = {
  HOURLY: "hour",
  DAILY: "day",
  WEEKLY: "week",
  MONTHLY: "month",
  YEARLY: "year",
};
const WEEKDAYS: Record<string, string> = {
  MO: "Mon",
  TU: "Tue",
  WE: "Wed",
  TH: "Thu",
  FR: "Fri",
  SA: "Sat",
  SU: "Sun",
};
const WORKDAYS = "MO,TU,WE,TH,FR";

/** Describes a repetition in a few words: "Every 2 weeks on Mon, Wed". */
export function describeRepeat(repeat: Repeat): string {
  const parts = Object.fromEntries(repeat.rule.split(";").map((part) => part.split("=")));
  const unit = UNITS[parts.FREQ] ?? "time";
  const interval = Number(parts.INTERVAL ?? 1);
  const every = interval === 1 ? `Every ${unit}` : `Every ${interval} ${unit}s`;
  const days = describeDays(parts);
  const base = repeat.from === "completion" ? " after completion" : "";
  const left = repeat.count ? `, ${repeat.count} left` : "";
  return `${days === "workdays" && interval === 1 ? "Every workday" : every + (days && ` on ${days}`)}${base}${left}`;
}

/** Returns the days of a rule; empty if it names none, or in a way that takes a sentence. */
function describeDays(parts: Record<string, string | undefined>): string {
  if (parts.BYSETPOS || parts.BYMONTH) return "";
  if (parts.BYDAY === WORKDAYS) return "workdays";
  if (parts.BYDAY) return parts.BYDAY.split(",").map(describeWeekday).join(", ");
  if (parts.BYMONTHDAY) return parts.BYMONTHDAY.split(",").map(describeMonthDay).join(", ");
  return "";
}

function describeWeekday(day: string): string {
  const number = Number(day.slice(0, -2));
  const name = WEEKDAYS[day.slice(-2)] ?? day;
  return number === 0 ? name : `the ${ordinal(number)} ${name}`;
}

function describeMonthDay(day: string): string {
  const number = Number(day);
  return number < 0 ? `the ${ordinal(number)} day` : `the ${ordinal(number)}`;
}

function ordinal(number: number): string {
  if (number === -1) return "last";
  const size = Math.abs(number);
  const isTeen = size % 100 >= 11 && size % 100 <= 13;
  const suffix = isTeen ? "th" : (["th", "st", "nd", "rd"][size % 10] ?? "th");
  return number < 0 ? `${size}${suffix} to last` : `${size}${suffix}`;
}
