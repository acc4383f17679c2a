import { describe, expect, it } from "vitest";
import { changesOf, defaultAppliesTo, type TaskFormValues, toFormValues } from "@/lib/taskForm";
import { makeTask } from "@/lib/testing/makeTask";

const ZONE = "Europe/Berlin";
const task = makeTask("milk", {
  due: { at: "2026-11-24T16:00:00Z", timezone: ZONE },
  section_id: "sec_1",
  reminders: [{ id: "rem_1", minutes_before: 10 }],
});
const edited = (fields: Partial<TaskFormValues>) => {
  const before = toFormValues(task, ZONE);
  return changesOf(before, { ...before, ...fields }, ZONE);
};

describe("changesOf", () => {
  it("is empty if nothing was edited", () => {
    expect(edited({})).toEqual({});
  });

  it("has start and duration, and removes them", () => {
    expect(edited({ start: { day: "2026-11-20", time: "" }, duration: "45" })).toEqual({
      start: { date: "2026-11-20", timezone: ZONE },
      duration_minutes: 45,
    });
    expect(edited({ due: { day: "", time: "" } })).toEqual({ due: null });
  });

  it("leaves the section to the server if only the list was changed", () => {
    expect(edited({ list_id: "lst_work", section_id: "" })).toEqual({ list_id: "lst_work" });
    expect(edited({ section_id: "" })).toEqual({ section_id: null });
  });

  it("keeps the IDs of reminders that stay", () => {
    const reminders = [...task.reminders, { minutes_before: 60 }];

    expect(edited({ reminders })).toEqual({ reminders });
  });
});

describe("defaultAppliesTo", () => {
  it("moves one instance alone, and changes the others in all other respects", () => {
    expect(defaultAppliesTo({ due: null })).toBe("this");
    expect(defaultAppliesTo({ title: "Milk" })).toBe("following");
    expect(defaultAppliesTo({ due: null, repeat: null })).toBe("following");
  });
});
