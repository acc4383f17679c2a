import type { Task } from "@/lib/tasks";

/** Creates a task for tests; the title defaults to the ID. */
export function makeTask(id: string, fields: Partial<Task> = {}): Task {
  return {
    id,
    number: 1,
    title: id,
    notes: "",
    list_id: "lst_inbox",
    priority: "none",
    due: null,
    tags: [],
    completed_at: null,
    created_at: "2026-11-23T08:00:00Z",
    updated_at: "2026-11-23T08:00:00Z",
    start: null,
    duration_minutes: null,
    repeat: null,
    reminders: [],
    parent_id: null,
    subtasks: { total: 0, open: 0 },
    section_id: null,
    ...fields,
  };
}
