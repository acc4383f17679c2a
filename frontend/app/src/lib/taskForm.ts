import { dueDay, dueFrom, dueTime } from "@/lib/due";
import type { Priority, Task, TaskChanges } from "@/lib/tasks";

/** The values of the task editor's fields. */
export interface TaskFormValues {
  title: string;
  notes: string;
  day: string;
  time: string;
  priority: Priority;
  list_id: string;
  /** Comma-separated. */
  tags: string;
}

/** Converts a task to the values of the editor's fields. */
export function toFormValues(task: Task, timezone: string): TaskFormValues {
  return {
    title: task.title,
    notes: task.notes,
    day: task.due ? dueDay(task.due, timezone) : "",
    time: task.due ? dueTime(task.due, timezone) : "",
    priority: task.priority,
    list_id: task.list_id,
    tags: task.tags.join(", "),
  };
}

/** Returns only the fields that were edited: another tab may have changed the others. */
export function changesOf(
  before: TaskFormValues,
  after: TaskFormValues,
  timezone: string,
): TaskChanges {
  const changes: TaskChanges = {};
  if (after.title.trim() !== before.title) changes.title = after.title.trim();
  if (after.notes !== before.notes) changes.notes = after.notes;
  if (after.day !== before.day || after.time !== before.time) {
    changes.due = dueFrom(after.day, after.time, timezone);
  }
  if (after.priority !== before.priority) changes.priority = after.priority;
  if (after.list_id !== before.list_id) changes.list_id = after.list_id;
  if (after.tags !== before.tags) {
    const tags = after.tags.split(",").map((tag) => tag.trim());
    changes.tags = [...new Set(tags)].filter(Boolean);
  }
  return changes;
}
