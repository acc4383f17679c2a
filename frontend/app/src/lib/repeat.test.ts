import { describe, expect, it } from "vitest";
import { describeRepeat } from "@/lib/repeat";

describe("describeRepeat", () => {
  it.each([
    ["FREQ=DAILY", "Every day"],
    ["FREQ=HOURLY;INTERVAL=8", "Every 8 hours"],
    ["FREQ=WEEKLY;BYDAY=MO", "Every week on Mon"],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "Every 2 weeks on Mon, Wed"],
    ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every workday"],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR", "Every 2 weeks on workdays"],
    ["FREQ=MONTHLY;BYMONTHDAY=1,22", "Every month on the 1st, the 22nd"],
    ["FREQ=MONTHLY;BYMONTHDAY=13,31", "Every month on the 13th, the 31st"],
    ["FREQ=MONTHLY;BYMONTHDAY=-1", "Every month on the last day"],
    ["FREQ=MONTHLY;BYDAY=2TU", "Every month on the 2nd Tue"],
    ["FREQ=MONTHLY;BYDAY=-1FR,-2FR", "Every month on the last Fri, the 2nd to last Fri"],
    ["FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "Every month"],
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "Every year"],
  ])("describes %s", (rule, text) => {
    expect(describeRepeat({ rule, from: "due" })).toBe(text);
  });

  it("names the completion and the instances that are left", () => {
    const rule = "FREQ=DAILY;INTERVAL=3";

    expect(describeRepeat({ rule, from: "completion", count: 4 })).toBe(
      "Every 3 days after completion, 4 left",
    );
  });
});
