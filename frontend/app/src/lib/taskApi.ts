import { sendAuthorized, sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";
import type { RequestOptions } from "@/lib/http";
import type { Task, TaskChanges, TaskDraft, TaskList } from "@/lib/tasks";

const PAGE_SIZE = 200;

/** One page of a listing. */
export interface TaskPage {
  items: Task[];
  next_cursor: string | null;
}

/** Loads all open tasks, page by page. */
export async function getOpenTasks(signal: AbortSignal): Promise<Task[]> {
  const tasks: Task[] = [];
  let cursor: string | null = null;
  do {
    const page: TaskPage = await getPage(
      { status: "open", limit: String(PAGE_SIZE), cursor },
      signal,
    );
    tasks.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return tasks;
}

/** Loads a page of completed tasks, newest first. */
export function getCompletedTasks(cursor: string | null): Promise<TaskPage> {
  return getPage({ status: "completed", limit: "50", cursor });
}

/** Loads all lists, the default list first. */
export async function getLists(signal?: AbortSignal): Promise<TaskList[]> {
  const response = await sendAuthorizedJson<{ items: TaskList[] }>(
    userPath("lists"),
    signal ? { signal } : {},
  );
  return response.items;
}

/** Opens the change feed after the event with the ID `after`. */
export function openChangeFeed(after: string | null, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (after !== null) headers["Last-Event-ID"] = after;
  return sendAuthorized(userPath("tasks/events"), { headers, signal });
}

/** Stores a new task. */
export function postTask(draft: TaskDraft): Promise<Task> {
  return sendChange("tasks", { method: "POST", body: draft });
}

/** Changes a task. */
export function patchTask(id: string, changes: TaskChanges): Promise<Task> {
  return sendChange(`tasks/${id}`, { method: "PATCH", body: changes });
}

/** Deletes a task; it can be restored for 30 days. */
export async function deleteTask(id: string): Promise<void> {
  await sendAuthorized(userPath(`tasks/${id}`), { method: "DELETE", headers: idempotencyKey() });
}

/** Restores a deleted task. */
export function restoreTask(id: string): Promise<Task> {
  return sendChange(`tasks/${id}/restore`, { method: "POST" });
}

/** Creates a list. */
export function postList(name: string): Promise<TaskList> {
  return sendChange("lists", { method: "POST", body: { name } });
}

/** Renames a list. */
export function patchList(id: string, name: string): Promise<TaskList> {
  return sendChange(`lists/${id}`, { method: "PATCH", body: { name } });
}

/** Deletes a list; its tasks move to the default list. */
export async function deleteList(id: string): Promise<void> {
  await sendAuthorized(userPath(`lists/${id}?tasks=move`), {
    method: "DELETE",
    headers: idempotencyKey(),
  });
}

function getPage(query: Record<string, string | null>, signal?: AbortSignal): Promise<TaskPage> {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) params.set(name, value);
  }
  return sendAuthorizedJson<TaskPage>(`${userPath("tasks")}?${params}`, signal ? { signal } : {});
}

function sendChange<T>(resource: string, options: RequestOptions): Promise<T> {
  return sendAuthorizedJson<T>(userPath(resource), { ...options, headers: idempotencyKey() });
}

/** Returns the header that makes a change take effect once, even if it is sent again. */
function idempotencyKey(): Record<string, string> {
  // `crypto.randomUUID` needs https or localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { "Idempotency-Key": key };
}
