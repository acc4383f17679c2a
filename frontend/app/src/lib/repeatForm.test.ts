import { describe, expect, it } from "vitest";
import { toRepeat, toRepeatValues } from "@/lib/repeatForm";
import type { Repeat } from "@/lib/tasks";

describe("repetition fields", () => {
  it.each<Repeat>([
    { rule: "FREQ=DAILY", from: "due" },
    { rule: "FREQ=DAILY;INTERVAL=3", from: "completion" },
    { rule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", from: "due" },
    { rule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", from: "due", count: 4 },
    { rule: "FREQ=MONTHLY", from: "due", until: "2027-06-30" },
    { rule: "FREQ=YEARLY", from: "due" },
    { rule: "FREQ=MONTHLY;BYDAY=-1FR", from: "due" },
    { rule: "FREQ=HOURLY;INTERVAL=8", from: "due" },
  ])("keep $rule unless they are edited", (repeat) => {
    expect(toRepeat(toRepeatValues(repeat))).toEqual(repeat);
  });

  it("write weekdays in the order of the week", () => {
    const values = { ...toRepeatValues(null), choice: "weekly", weekdays: ["FR", "MO"] } as const;

    expect(toRepeat(values)?.rule).toBe("FREQ=WEEKLY;BYDAY=MO,FR");
  });

  it("leave out an end that isn't complete", () => {
    const values = { ...toRepeatValues(null), choice: "daily", end: "until" } as const;

    expect(toRepeat(values)).toEqual({ rule: "FREQ=DAILY", from: "due" });
    expect(toRepeat({ ...values, end: "count", count: "0" })).toEqual({
      rule: "FREQ=DAILY",
      from: "due",
    });
  });

  it("name a rule that they can't express instead of losing it", () => {
    expect(toRepeatValues({ rule: "FREQ=MONTHLY;BYDAY=-1FR", from: "due" }).choice).toBe("rule");
  });

  it("remove a repetition", () => {
    const values = toRepeatValues({ rule: "FREQ=DAILY", from: "due" });

    expect(toRepeat({ ...values, choice: "none" })).toBeNull();
  });
});
