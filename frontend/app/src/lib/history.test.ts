import { describe, expect, it } from "vitest";
import { type ChangeEntry, describeChange } from "@/lib/history";

const DATES = {
  locale: "en-GB",
  timezone: "Europe/Berlin",
  now: new Date("2026-11-23T08:30:00Z"),
};
const entry = (fields: Partial<ChangeEntry>): ChangeEntry => ({
  id: 1,
  type: "task.updated.v1",
  actor: "user",
  before: {},
  after: {},
  undoes: null,
  undone: false,
  occurred_at: "2026-11-23T08:00:00Z",
  ...fields,
});

describe("describeChange", () => {
  it.each([
    [entry({ type: "task.created.v1", actor: "agent" }), "The assistant added it"],
    [entry({ after: { title: "Milk" } }), "You changed the title to “Milk”"],
    [entry({ after: { due: { date: "2026-11-24" } } }), "You changed the due date to Tomorrow"],
    [entry({ after: { due: null } }), "You removed the due date"],
    [entry({ after: { tags: ["home", "garden"] } }), "You changed the tags to home, garden"],
    [entry({ after: { list_id: "lst_1" } }), "You changed the list"],
    [entry({ after: { notes: "a", priority: "high" } }), "You changed notes, priority"],
    [entry({ after: { position: "a0" } }), "You changed the order"],
    [entry({ type: "task.created.v1", undoes: 7 }), "You undid a change"],
  ])("describes a change", (change, text) => {
    expect(describeChange(change, DATES)).toBe(text);
  });
});
