import { dueDay, dueFrom, dueTime } from "@/lib/due";
import type { Priority, Task, TaskChanges } from "@/lib/tasks";

/** A task as it stands in the fields of its editor. */
export interface TaskText {
  title: string;
  notes: string;
  day: string;
  time: string;
  priority: Priority;
  list_id: string;
  /** Separated by commas. */
  tags: string;
}

/** What to put into the fields. */
export function textOfTask(task: Task, timezone: string): TaskText {
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

/** What was changed in the fields, and nothing else: another tab may have changed the rest. */
export function changesOf(before: TaskText, after: TaskText, timezone: string): TaskChanges {
  const changes: TaskChanges = {};
  if (after.title.trim() !== before.title) changes.title = after.title.trim();
  if (after.notes !== before.notes) changes.notes = after.notes;
  if (after.day !== before.day || after.time !== before.time) {
    changes.due = dueFrom(after.day, after.time, timezone);
  }
  if (after.priority !== before.priority) changes.priority = after.priority;
  if (after.list_id !== before.list_id) changes.list_id = after.list_id;
  if (after.tags !== before.tags) changes.tags = tagsOf(after.tags);
  return changes;
}

function tagsOf(text: string): string[] {
  return [...new Set(text.split(",").map((tag) => tag.trim()))].filter(Boolean);
}
