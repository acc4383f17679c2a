import { describe, expect, it } from "vitest";
import { addDays, addMonths, moveTo, tasksByDay, weekOf, weeksOfMonth } from "@/lib/calendar";
import { makeTask } from "@/lib/testing/makeTask";

const ZONE = "Europe/Berlin";

describe("days", () => {
  it("cross the ends of months and years, also when the clocks change", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(addDays("2026-03-28", 2)).toBe("2026-03-30");
    expect(addMonths("2026-12-31", 1)).toBe("2027-01-01");
    expect(addMonths("2026-01-15", -1)).toBe("2025-12-01");
  });

  it("make weeks that start on Monday or Sunday", () => {
    expect(weekOf("2026-12-01", 1)[0]).toBe("2026-11-30");
    expect(weekOf("2026-12-01", 7)[0]).toBe("2026-11-29");
    expect(weekOf("2026-11-29", 7)[0]).toBe("2026-11-29");
  });

  it("make the weeks of a month, and no more", () => {
    const december = weeksOfMonth("2026-12-17", 1);

    expect(december.map((week) => week[0])).toEqual([
      "2026-11-30",
      "2026-12-07",
      "2026-12-14",
      "2026-12-21",
      "2026-12-28",
    ]);
    expect(weeksOfMonth("2027-02-01", 1)).toHaveLength(4);
  });
});

describe("tasks of days", () => {
  const due = makeTask("due", { due: { at: "2026-12-01T23:30:00Z", timezone: ZONE } });
  const early = makeTask("early", { due: { at: "2026-12-02T07:00:00Z", timezone: ZONE } });
  const starting = makeTask("starting", { start: { date: "2026-12-02" } });
  const done = makeTask("done", { due: { date: "2026-12-02" }, completed_at: "2026-12-01T08:00Z" });

  it("are open, in the user's time zone, ordered by time", () => {
    const days = tasksByDay([starting, early, due, done, makeTask("none")], ZONE);

    expect([...days].map(([day, tasks]) => [day, tasks.map(({ id }) => id)])).toEqual([
      ["2026-12-02", ["due", "early", "starting"]],
    ]);
  });

  it("keep their time of day when they are moved", () => {
    expect(moveTo(early, "2027-06-02", ZONE).due).toEqual({
      at: "2027-06-02T08:00:00.000+02:00",
      timezone: ZONE,
    });
    expect(moveTo(starting, "2026-12-04", ZONE)).toEqual({
      start: { date: "2026-12-04", timezone: ZONE },
    });
  });
});
