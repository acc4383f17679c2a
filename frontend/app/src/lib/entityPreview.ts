import type { Entity, Widgets } from "@openai/chatkit";
import { sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";
import { describeEntity } from "@/lib/chatApi";
import type { DateContext } from "@/lib/due";
import { ApiError } from "@/lib/problem";
import type { Task, TaskList } from "@/lib/tasks";

const MAX_NOTES_CHARS = 280;

/** Returns the current state of a mentioned task or list, by its ID; null for other entities. */
export async function previewEntity(
  { id, data }: Entity,
  dates: DateContext,
): Promise<{ preview: Widgets.BasicRoot | null }> {
  try {
    if (data?.type === "task") return { preview: await taskPreview(id, dates) };
    if (data?.type === "list") return { preview: listPreview(await getList(id)) };
    return { preview: null };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    return { preview: preview(`This ${data?.type} was deleted.`) };
  }
}

async function taskPreview(id: string, dates: DateContext): Promise<Widgets.BasicRoot> {
  const task = await sendAuthorizedJson<Task>(userPath(`tasks/${encodeURIComponent(id)}`));
  const { name } = await getList(task.list_id);
  const due: Record<string, string> =
    task.due === null ? {} : "at" in task.due ? { due_at: task.due.at } : { due: task.due.date };
  const data = { number: String(task.number), list: name, priority: task.priority, ...due };
  const isDone = task.completed_at !== null;
  // A task that is done isn't overdue.
  const shown = isDone ? { number: data.number, list: name } : data;
  const description = describeEntity({ id, title: task.title, data: shown }, dates);
  const notes =
    task.notes.length > MAX_NOTES_CHARS ? `${task.notes.slice(0, MAX_NOTES_CHARS)}…` : task.notes;
  return preview(task.title, isDone ? `${description} · Done` : description, notes);
}

function listPreview(list: TaskList): Widgets.BasicRoot {
  const count = list.open_tasks === 1 ? "1 open task" : `${list.open_tasks} open tasks`;
  return preview(list.name, count);
}

function getList(id: string): Promise<TaskList> {
  return sendAuthorizedJson<TaskList>(userPath(`lists/${encodeURIComponent(id)}`));
}

function preview(title: string, ...lines: string[]): Widgets.BasicRoot {
  return {
    type: "Basic",
    gap: 1,
    children: [
      { type: "Text", value: title, weight: "semibold" },
      ...lines.filter(Boolean).map((value) => ({ type: "Caption" as const, value })),
    ],
  };
}
