import { describe, expect, it } from "vitest";
import { type Choice, countByFilter, visibleTasks, withPatches } from "@/lib/taskView";
import { makeTask } from "@/lib/testing/makeTask";

const READING = {
  locale: "en-GB",
  timezone: "Europe/Berlin",
  now: new Date("2026-11-23T08:30:00Z"),
};
const ALL: Choice = { filter: "open", listId: null, words: "", order: "due" };

const milk = makeTask("milk", { due: { at: "2026-11-24T16:00:00Z", timezone: "Europe/Berlin" } });
const rent = makeTask("rent", { due: { date: "2026-11-20", timezone: "Europe/Berlin" } });
const call = makeTask("call", {
  due: { date: "2026-11-23", timezone: "Europe/Berlin" },
  priority: "high",
});
const book = makeTask("book", { tags: ["Travel"], notes: "window seat" });
const done = makeTask("done", { completed_at: "2026-11-22T10:00:00Z" });
const tasks = [milk, rent, call, book, done];

const ids = (choice: Partial<Choice>) =>
  visibleTasks(tasks, { ...ALL, ...choice }, READING).map((task) => task.id);

describe("what is shown", () => {
  it.each([
    ["open", ["rent", "call", "milk", "book"]],
    ["today", ["call"]],
    ["upcoming", ["milk"]],
    ["overdue", ["rent"]],
    ["completed", ["done"]],
  ] as const)("under %s is in order of its due", (filter, expected) => {
    expect(ids({ filter })).toEqual(expected);
  });

  it("has all words, wherever they are", () => {
    expect(ids({ words: "SEAT travel" })).toEqual(["book"]);
    expect(ids({ words: "seat milk" })).toEqual([]);
  });

  it("may be ordered by priority", () => {
    expect(ids({ order: "priority" })).toEqual(["call", "rent", "milk", "book"]);
  });

  it("is counted for each filter", () => {
    expect(countByFilter(tasks, null, READING)).toEqual({
      open: 4,
      today: 1,
      upcoming: 1,
      overdue: 1,
      completed: 1,
    });
  });
});

describe("what is on its way to the server", () => {
  const stored = { milk, rent };

  it("is shown at once, and gone without a trace when it is taken back", () => {
    const at = "2026-11-23T09:00:00Z";
    const patches = [
      { key: 1, type: "change", id: "milk", changes: { completed: true, title: "oat milk" }, at },
      { key: 2, type: "remove", id: "rent" },
      { key: 3, type: "add", task: book },
    ] as const;
    const shown = withPatches(stored, patches);
    expect(Object.keys(shown)).toEqual(["milk", "book"]);
    expect(shown.milk).toMatchObject({ title: "oat milk", completed_at: at });
    expect(withPatches(stored, [])).toEqual({ milk, rent });
  });

  it("does nothing to a task that is gone meanwhile", () => {
    const patch = { key: 1, type: "change", id: "gone", changes: { title: "x" }, at: "" } as const;
    expect(withPatches(stored, [patch])).toEqual(stored);
  });
});
