import { sendAuthorized, sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";
import { sendChange } from "@/lib/taskApi";
import type { Task, TaskList } from "@/lib/tasks";

interface Trashed {
  deleted_at: string;
  /** When it is deleted for good. */
  purged_at: string;
}

/** A deleted task or list. */
export type TrashItem = Trashed &
  ({ type: "task"; task: Task } | { type: "list"; list: TaskList; tasks: number });

/** A page of the trash, the last deleted first. */
export interface TrashPage {
  items: TrashItem[];
  next_cursor: string | null;
}

/** Returns the ID and the name of a deleted task or list. */
export function identify(item: TrashItem): { id: string; name: string } {
  return item.type === "task"
    ? { id: item.task.id, name: item.task.title }
    : { id: item.list.id, name: item.list.name };
}

/** Loads a page of the trash. */
export function getTrash(cursor: string | null): Promise<TrashPage> {
  const params = new URLSearchParams({ limit: "50", ...(cursor ? { cursor } : {}) });
  return sendAuthorizedJson<TrashPage>(`${userPath("trash")}?${params}`);
}

/** Restores a task, or a list with the tasks that were deleted together with it. */
export async function restoreFromTrash(id: string): Promise<void> {
  await sendChange(`trash/${id}/restore`, { method: "POST" });
}

/** Deletes a task or list for good; null empties the trash. */
export async function purge(id: string | null): Promise<void> {
  await sendAuthorized(userPath(id ? `trash/${id}` : "trash"), { method: "DELETE" });
}
