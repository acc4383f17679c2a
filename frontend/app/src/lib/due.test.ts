import { describe, expect, it } from "vitest";
import { type DateContext, dueDay, dueFrom, dueTime, formatDue, isOverdue } from "@/lib/due";

/** A Monday, 09:30 in Berlin. */
const NOW = new Date("2026-11-23T08:30:00Z");
const BERLIN: DateContext = { locale: "en-GB", timezone: "Europe/Berlin", now: NOW };

describe("formatDue", () => {
  it.each([
    ["2026-11-22", "Yesterday"],
    ["2026-11-23", "Today"],
    ["2026-11-24", "Tomorrow"],
    ["2026-11-27", "Friday"],
    ["2026-12-24", "24 Dec"],
    ["2027-01-02", "2 Jan 2027"],
    ["2026-11-20", "20 Nov"],
  ])("formats %s as %s", (date, words) => {
    expect(formatDue({ date }, BERLIN)).toBe(words);
  });

  it("formats an instant in the reader's time zone, not in the due date's", () => {
    const due = { at: "2026-11-24T16:00:00Z", timezone: "Asia/Tokyo" };
    expect(formatDue(due, BERLIN)).toBe("Tomorrow 17:00");
    expect(formatDue(due, { ...BERLIN, timezone: "Asia/Tokyo" })).toBe("Wednesday 01:00");
  });

  it("uses the reader's language", () => {
    expect(formatDue({ date: "2026-11-24" }, { ...BERLIN, locale: "de-DE" })).toBe("Morgen");
  });
});

describe("isOverdue", () => {
  it("is true once the day has passed in its own time zone", () => {
    const lateInTokyo = new Date("2026-11-23T16:00:00Z");
    const date = "2026-11-23";
    expect(isOverdue({ date, timezone: "Asia/Tokyo" }, lateInTokyo)).toBe(true);
    expect(isOverdue({ date, timezone: "Europe/Berlin" }, lateInTokyo)).toBe(false);
  });

  it("is true once the instant has passed", () => {
    expect(isOverdue({ at: NOW.toISOString(), timezone: "UTC" }, NOW)).toBe(true);
    expect(isOverdue({ at: "2026-11-23T08:31:00Z", timezone: "UTC" }, NOW)).toBe(false);
  });
});

describe("dueFrom, dueDay and dueTime", () => {
  it.each(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"])(
    "round-trip in %s",
    (timezone) => {
      const due = dueFrom("2026-07-01", "17:05", timezone);
      expect(due).not.toBeNull();
      if (!due) return;
      expect(dueDay(due, timezone)).toBe("2026-07-01");
      expect(dueTime(due, timezone)).toBe("17:05");
    },
  );

  it("respects daylight saving time", () => {
    const due = dueFrom("2026-07-01", "17:00", "Europe/Berlin");
    expect(due && "at" in due && new Date(due.at).toISOString()).toBe("2026-07-01T15:00:00.000Z");
  });

  it("returns a day if there is no time, and null if there is no day", () => {
    expect(dueFrom("2026-07-01", "", "UTC")).toEqual({ date: "2026-07-01", timezone: "UTC" });
    expect(dueFrom("", "17:00", "UTC")).toBeNull();
  });
});
