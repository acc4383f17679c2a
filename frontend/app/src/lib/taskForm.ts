import { dueDay, dueFrom, dueTime } from "@/lib/due";
import { type RepeatValues, toRepeat, toRepeatValues } from "@/lib/repeatForm";
import type { AppliesTo, Due, Priority, Reminder, Repeat, Task, TaskChanges } from "@/lib/tasks";

/** The values of fields for a day and a time of day; empty for none. */
export interface MomentValues {
  day: string;
  time: string;
}

/** The values of the task editor's fields. */
export interface TaskFormValues {
  title: string;
  notes: string;
  due: MomentValues;
  start: MomentValues;
  /** A number of minutes, as typed. */
  duration: string;
  priority: Priority;
  list_id: string;
  /** Empty for none. */
  section_id: string;
  /** Comma-separated. */
  tags: string;
  repeat: RepeatValues;
  reminders: readonly Reminder[];
}

/** Converts a task to the values of the editor's fields. */
export function toFormValues(task: Task, timezone: string): TaskFormValues {
  return {
    title: task.title,
    notes: task.notes,
    due: toMomentValues(task.due, timezone),
    start: toMomentValues(task.start, timezone),
    duration: task.duration_minutes === null ? "" : String(task.duration_minutes),
    priority: task.priority,
    list_id: task.list_id,
    section_id: task.section_id ?? "",
    tags: task.tags.join(", "),
    repeat: toRepeatValues(task.repeat),
    reminders: task.reminders,
  };
}

/** Returns only the fields that were edited: another tab may have changed the others. */
export function changesOf(
  before: TaskFormValues,
  after: TaskFormValues,
  timezone: string,
): TaskChanges {
  const changes: TaskChanges = {};
  const isEdited = (name: keyof TaskFormValues) =>
    JSON.stringify(after[name]) !== JSON.stringify(before[name]);
  if (after.title.trim() !== before.title) changes.title = after.title.trim();
  if (isEdited("notes")) changes.notes = after.notes;
  for (const name of ["due", "start"] as const) {
    const [former, moment] = [before, after].map((values) =>
      dueFrom(values[name].day, values[name].time, timezone),
    );
    if (JSON.stringify(moment) !== JSON.stringify(former)) changes[name] = moment ?? null;
  }
  if (isEdited("duration")) changes.duration_minutes = Number(after.duration) || null;
  if (isEdited("priority")) changes.priority = after.priority;
  if (isEdited("list_id")) changes.list_id = after.list_id;
  if (isEdited("section_id") && (after.section_id || !changes.list_id)) {
    changes.section_id = after.section_id || null;
  }
  if (isEdited("tags")) {
    const tags = after.tags.split(",").map((tag) => tag.trim());
    changes.tags = [...new Set(tags)].filter(Boolean);
  }
  const repeat = repeatOf(after);
  if (JSON.stringify(repeat) !== JSON.stringify(repeatOf(before))) changes.repeat = repeat;
  if (isEdited("reminders")) changes.reminders = [...after.reminders];
  return changes;
}

/** Returns the instances that an edit of a repeating task changes, unless the user chooses others. */
export function defaultAppliesTo(changes: TaskChanges): AppliesTo {
  const movesAlone = "due" in changes || "start" in changes;
  return movesAlone && !("repeat" in changes) ? "this" : "following";
}

/** Without a due date the fields of a repetition keep their values, but a task can't repeat. */
function repeatOf({ due, repeat }: TaskFormValues): Repeat | null {
  return due.day ? toRepeat(repeat) : null;
}

function toMomentValues(moment: Due | null, timezone: string): MomentValues {
  return moment
    ? { day: dueDay(moment, timezone), time: dueTime(moment, timezone) }
    : { day: "", time: "" };
}
