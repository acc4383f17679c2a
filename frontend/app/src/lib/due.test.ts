import { describe, expect, it } from "vitest";
import { dueDay, dueFrom, dueTime, formatDue, isOverdue, type Reading } from "@/lib/due";

/** A Monday, half past nine in the morning in Berlin. */
const NOW = new Date("2026-11-23T08:30:00Z");
const BERLIN: Reading = { locale: "en-GB", timezone: "Europe/Berlin", now: NOW };

describe("a due in words", () => {
  it.each([
    ["2026-11-22", "Yesterday"],
    ["2026-11-23", "Today"],
    ["2026-11-24", "Tomorrow"],
    ["2026-11-27", "Friday"],
    ["2026-12-24", "24 Dec"],
    ["2027-01-02", "2 Jan 2027"],
    ["2026-11-20", "20 Nov"],
  ])("says %s as %s", (date, words) => {
    expect(formatDue({ date }, BERLIN)).toBe(words);
  });

  it("says an instant in the reader's zone, whatever zone it was meant in", () => {
    const due = { at: "2026-11-24T16:00:00Z", timezone: "Asia/Tokyo" };
    expect(formatDue(due, BERLIN)).toBe("Tomorrow 17:00");
    expect(formatDue(due, { ...BERLIN, timezone: "Asia/Tokyo" })).toBe("Wednesday 01:00");
  });

  it("speaks the reader's language", () => {
    expect(formatDue({ date: "2026-11-24" }, { ...BERLIN, locale: "de-DE" })).toBe("Morgen");
  });
});

describe("overdue", () => {
  it("is a day that has passed in its own zone", () => {
    const lateInTokyo = new Date("2026-11-23T16:00:00Z");
    const date = "2026-11-23";
    expect(isOverdue({ date, timezone: "Asia/Tokyo" }, lateInTokyo)).toBe(true);
    expect(isOverdue({ date, timezone: "Europe/Berlin" }, lateInTokyo)).toBe(false);
  });

  it("is a moment that has come", () => {
    expect(isOverdue({ at: NOW.toISOString(), timezone: "UTC" }, NOW)).toBe(true);
    expect(isOverdue({ at: "2026-11-23T08:31:00Z", timezone: "UTC" }, NOW)).toBe(false);
  });
});

describe("a due in fields", () => {
  it.each(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"])(
    "comes out of %s as it went in",
    (timezone) => {
      const due = dueFrom("2026-07-01", "17:05", timezone);
      expect(due).not.toBeNull();
      if (!due) return;
      expect(dueDay(due, timezone)).toBe("2026-07-01");
      expect(dueTime(due, timezone)).toBe("17:05");
    },
  );

  it("knows summer time", () => {
    const due = dueFrom("2026-07-01", "17:00", "Europe/Berlin");
    expect(due && "at" in due && new Date(due.at).toISOString()).toBe("2026-07-01T15:00:00.000Z");
  });

  it("is a day without a time, and nothing without a day", () => {
    expect(dueFrom("2026-07-01", "", "UTC")).toEqual({ date: "2026-07-01", timezone: "UTC" });
    expect(dueFrom("", "17:00", "UTC")).toBeNull();
  });
});
