import { describeRepeat } from "@/lib/repeat";
import type { Repeat } from "@/lib/tasks";

/** The weekdays of RFC 5545, Monday first. */
export const WEEKDAY_CODES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;

/** A choice of the repetition field; `rule` keeps a rule that the other fields can't express. */
export type RepeatChoice = "none" | "daily" | "workdays" | "weekly" | "monthly" | "yearly" | "rule";

/** The values of the fields of a repetition. */
export interface RepeatValues {
  choice: RepeatChoice;
  /** A number, as typed. */
  interval: string;
  /** Of a weekly repetition, such as `MO`; none: the weekday of the due date. */
  weekdays: readonly string[];
  from: Repeat["from"];
  end: "never" | "until" | "count";
  until: string;
  /** A number, as typed. */
  count: string;
  /** The rule of the choice `rule`. */
  rule: string;
}

/** The values without a repetition. */
export const NO_REPEAT: RepeatValues = {
  choice: "none",
  interval: "1",
  weekdays: [],
  from: "due",
  end: "never",
  until: "",
  count: "",
  rule: "",
};

const FREQUENCIES = {
  daily: "DAILY",
  weekly: "WEEKLY",
  monthly: "MONTHLY",
  yearly: "YEARLY",
} as const;
const WORKDAYS_RULE = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR";

/** Converts a repetition to the values of its fields. */
export function toRepeatValues(repeat: Repeat | null): RepeatValues {
  if (!repeat) return NO_REPEAT;
  return {
    ...NO_REPEAT,
    ...readRule(repeat.rule),
    from: repeat.from,
    end: repeat.until ? "until" : repeat.count ? "count" : "never",
    until: repeat.until ?? "",
    count: repeat.count ? String(repeat.count) : "",
  };
}

/** Converts the values of the fields to a repetition; null for none. */
export function toRepeat(values: RepeatValues): Repeat | null {
  if (values.choice === "none") return null;
  const repeat: Repeat = { rule: writeRule(values), from: values.from };
  if (values.end === "until" && values.until) repeat.until = values.until;
  if (values.end === "count" && Number(values.count) > 0) repeat.count = Number(values.count);
  return repeat;
}

/** Names the rule that the fields can't express. */
export function describeRule(values: RepeatValues): string {
  return describeRepeat({ rule: values.rule, from: "due" });
}

function readRule(rule: string): Partial<RepeatValues> {
  if (rule === WORKDAYS_RULE) return { choice: "workdays", rule };
  const parts = new Map(rule.split(";").map((part) => part.split("=") as [string, string]));
  const frequency = parts.get("FREQ");
  const interval = parts.get("INTERVAL") ?? "1";
  const weekdays = parts.get("BYDAY")?.split(",") ?? [];
  for (const name of ["FREQ", "INTERVAL", "WKST"]) parts.delete(name);
  if (frequency === "WEEKLY") parts.delete("BYDAY");
  const choice = (["daily", "weekly", "monthly", "yearly"] as const).find(
    (each) => FREQUENCIES[each] === frequency,
  );
  if (!choice || parts.size > 0) return { choice: "rule", rule };
  return { choice, interval, weekdays: choice === "weekly" ? weekdays : [], rule };
}

function writeRule(values: RepeatValues): string {
  if (values.choice === "workdays") return WORKDAYS_RULE;
  if (values.choice === "rule" || values.choice === "none") return values.rule;
  const parts = [`FREQ=${FREQUENCIES[values.choice]}`];
  if (Number(values.interval) > 1) parts.push(`INTERVAL=${Number(values.interval)}`);
  if (values.choice === "weekly" && values.weekdays.length > 0) {
    parts.push(`BYDAY=${WEEKDAY_CODES.filter((day) => values.weekdays.includes(day)).join(",")}`);
  }
  return parts.join(";");
}
