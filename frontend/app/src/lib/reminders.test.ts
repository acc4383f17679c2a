import { describe, expect, it } from "vitest";
import { describeMinutes, describeReminder, instantOf } from "@/lib/reminders";

const DATES = {
  locale: "en-GB",
  timezone: "Europe/Berlin",
  now: new Date("2026-11-23T08:30:00Z"),
};

describe("reminders", () => {
  it.each([
    [0, "When it’s due"],
    [1, "1 minute before"],
    [90, "90 minutes before"],
    [120, "2 hours before"],
    [1440, "1 day before"],
    [10_080, "1 week before"],
  ])("describe %i minutes", (minutes, text) => {
    expect(describeMinutes(minutes)).toBe(text);
  });

  it("at a local time are instants in the user's time zone", () => {
    const at = instantOf("2026-11-24T17:00", DATES.timezone);

    expect(new Date(at).toISOString()).toBe("2026-11-24T16:00:00.000Z");
    expect(describeReminder({ at }, DATES)).toBe("Tomorrow 17:00");
  });
});
