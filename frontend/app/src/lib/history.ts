import { sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";
import { type DateContext, formatDue } from "@/lib/due";
import { describeRepeat } from "@/lib/repeat";
import { sendChange } from "@/lib/taskApi";
import { type Due, PRIORITIES, type Repeat } from "@/lib/tasks";

/** One recorded change of a task or list. */
export interface ChangeEntry {
  id: number;
  type: string;
  actor: string;
  /** The changed fields; null for something new. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown>;
  /** The ID of the change that this one undoes. */
  undoes: number | null;
  undone: boolean;
  occurred_at: string;
}

const ACTORS: Record<string, string> = {
  user: "You",
  agent: "The assistant",
  import: "An import",
  mcp: "An MCP client",
  system: "The service",
};

const VERBS: Record<string, string> = {
  "task.created.v1": "added it",
  "task.completed.v1": "completed it",
  "task.reopened.v1": "reopened it",
  "task.deleted.v1": "deleted it",
  "task.restored.v1": "restored it",
};

const FIELDS: Record<string, string> = {
  title: "title",
  notes: "notes",
  list_id: "list",
  section_id: "section",
  priority: "priority",
  due: "due date",
  start: "start",
  duration_minutes: "duration",
  tags: "tags",
  repeat: "repetition",
  reminders: "reminders",
  parent_id: "parent task",
  position: "order",
  pinned: "pin",
};

/** Loads the last 100 changes of a task, newest first. */
export async function getTaskHistory(taskId: string): Promise<ChangeEntry[]> {
  const page = await sendAuthorizedJson<{ items: ChangeEntry[] }>(
    `${userPath(`tasks/${taskId}/history`)}?limit=100`,
  );
  return page.items;
}

/** Undoes one change, or all changes of a request; all of them or none. */
export async function postUndo(target: { change_id: number } | { request_id: string }) {
  await sendChange("changes/undo", { method: "POST", body: target });
}

/** Describes a change in a sentence: "You changed the due date to Tomorrow". */
export function describeChange(entry: ChangeEntry, dates: DateContext): string {
  const actor = ACTORS[entry.actor] ?? entry.actor;
  if (entry.undoes !== null) return `${actor} undid a change`;
  const verb = VERBS[entry.type];
  if (verb) return `${actor} ${verb}`;
  const names = Object.keys(entry.after).filter((name) => name in FIELDS && name !== "position");
  const [only] = names;
  if (names.length === 1 && only) {
    const value = describeValue(only, entry.after[only], dates);
    const field = `the ${FIELDS[only]}`;
    if (value === null) return `${actor} removed ${field}`;
    return `${actor} changed ${field}${value && ` to ${value}`}`;
  }
  const fields = names.map((name) => FIELDS[name]).join(", ");
  return `${actor} changed ${fields || "the order"}`;
}

/** Returns a field's value in words; null if it has none, empty if it is too long or only an ID. */
function describeValue(name: string, value: unknown, dates: DateContext): string | null {
  if (value === null || (Array.isArray(value) && value.length === 0)) return null;
  switch (name) {
    case "title":
      return `“${value}”`;
    case "priority":
      return PRIORITIES.find((each) => each.value === value)?.name ?? "";
    case "due":
    case "start":
      return formatDue(value as Due, dates);
    case "tags":
      return (value as string[]).join(", ");
    case "repeat":
      return describeRepeat(value as Repeat);
    case "duration_minutes":
      return `${value} min`;
    default:
      return "";
  }
}
