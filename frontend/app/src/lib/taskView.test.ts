import { describe, expect, it } from "vitest";
import {
  applyPatches,
  countByFilter,
  firstRows,
  groupBySection,
  nestSubtasks,
  type TaskQuery,
  visibleTasks,
} from "@/lib/taskView";
import { makeTask } from "@/lib/testing/makeTask";

const DATES = {
  locale: "en-GB",
  timezone: "Europe/Berlin",
  now: new Date("2026-11-23T08:30:00Z"),
};
const ALL: TaskQuery = { filter: "open", listId: null, words: "", order: "due" };

const milk = makeTask("milk", { due: { at: "2026-11-24T16:00:00Z", timezone: "Europe/Berlin" } });
const rent = makeTask("rent", { due: { date: "2026-11-20", timezone: "Europe/Berlin" } });
const call = makeTask("call", {
  due: { date: "2026-11-23", timezone: "Europe/Berlin" },
  priority: "high",
});
const book = makeTask("book", { tags: ["Travel"], notes: "window seat" });
const done = makeTask("done", { completed_at: "2026-11-22T10:00:00Z" });
const tasks = [milk, rent, call, book, done];

const ids = (query: Partial<TaskQuery>) =>
  visibleTasks(tasks, { ...ALL, ...query }, DATES).map((task) => task.id);

describe("visibleTasks", () => {
  it.each([
    ["open", ["rent", "call", "milk", "book"]],
    ["today", ["call"]],
    ["upcoming", ["milk"]],
    ["overdue", ["rent"]],
    ["completed", ["done"]],
  ] as const)("returns the %s tasks ordered by due date", (filter, expected) => {
    expect(ids({ filter })).toEqual(expected);
  });

  it("finds words in title, notes and tags", () => {
    expect(ids({ words: "SEAT travel" })).toEqual(["book"]);
    expect(ids({ words: "seat milk" })).toEqual([]);
  });

  it("orders by priority", () => {
    expect(ids({ order: "priority" })).toEqual(["call", "rent", "milk", "book"]);
  });

  it("agrees with the counts of each filter", () => {
    expect(countByFilter(tasks, null, DATES)).toEqual({
      open: 4,
      today: 1,
      upcoming: 1,
      overdue: 1,
      completed: 1,
    });
  });
});

describe("applyPatches", () => {
  const stored = { milk, rent };

  it("shows unconfirmed changes and leaves the stored tasks unchanged", () => {
    const at = "2026-11-23T09:00:00Z";
    const patches = [
      { key: 1, type: "change", id: "milk", changes: { completed: true, title: "oat milk" }, at },
      { key: 2, type: "remove", id: "rent" },
      { key: 3, type: "add", task: book },
    ] as const;
    const shown = applyPatches(stored, patches);
    expect(Object.keys(shown)).toEqual(["milk", "book"]);
    expect(shown.milk).toMatchObject({ title: "oat milk", completed_at: at });
    expect(applyPatches(stored, [])).toEqual({ milk, rent });
  });

  it("ignores changes of a deleted task", () => {
    const patch = { key: 1, type: "change", id: "gone", changes: { title: "x" }, at: "" } as const;
    expect(applyPatches(stored, [patch])).toEqual(stored);
  });
});

describe("nestSubtasks", () => {
  it("puts subtasks after their parent, and leaves those without it alone", () => {
    const flour = makeTask("flour", { parent_id: "cake" });
    const cake = makeTask("cake");
    const orphan = makeTask("orphan", { parent_id: "elsewhere" });

    const nested = nestSubtasks([flour, milk, cake, orphan]);

    expect(nested.map(({ task, isSubtask }) => `${isSubtask ? "- " : ""}${task.id}`)).toEqual([
      "milk",
      "cake",
      "- flour",
      "orphan",
    ]);
  });
});

describe("groupBySection", () => {
  const sections = ["dairy", "fruit"].map((id) => ({
    id,
    list_id: "lst_inbox",
    name: id,
    position: id,
    updated_at: "2026-11-23T08:00:00Z",
  }));
  const rows = nestSubtasks([
    makeTask("milk", { section_id: "dairy" }),
    makeTask("bread"),
    makeTask("goat's", { section_id: null, parent_id: "milk" }), // its parent was just moved
    makeTask("soap", { section_id: "of another list" }),
    makeTask("cream", { section_id: "dairy" }),
  ]);
  const titles = (limit: number, closed: string[] = []) =>
    firstRows(groupBySection(rows, sections), new Set(closed), limit).map(
      ({ section, count, rows: some }) => [
        section?.id ?? null,
        count,
        ...some.map(({ task }) => task.id),
      ],
    );

  it("returns those without a section first, then the sections in their order", () => {
    expect(titles(100)).toEqual([
      [null, 2, "bread", "soap"],
      ["dairy", 3, "milk", "goat's", "cream"],
      ["fruit", 0],
    ]);
  });

  it("ends with the group in which the page ends", () => {
    expect(titles(4).at(-1)).toEqual(["dairy", 3, "milk", "goat's"]);
    expect(titles(2)).toEqual([[null, 2, "bread", "soap"]]);
  });

  it("gives the rows of a closed section to the others", () => {
    expect(titles(3, ["dairy"]).slice(1)).toEqual([
      ["dairy", 3],
      ["fruit", 0],
    ]);
  });
});
