import { sendAuthorized, sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";
import type { RequestOptions } from "@/lib/http";
import type { Task, TaskChanges, TaskDraft, TaskList } from "@/lib/tasks";

const PAGE = 200;

/** One page of a listing. */
export interface TaskPage {
  items: Task[];
  next_cursor: string | null;
}

/** Every open task, page by page. */
export async function getOpenTasks(signal: AbortSignal): Promise<Task[]> {
  const tasks: Task[] = [];
  let cursor: string | null = null;
  do {
    const page: TaskPage = await getPage({ status: "open", limit: String(PAGE), cursor }, signal);
    tasks.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return tasks;
}

/** A page of the tasks that are done, the newest first. */
export function getCompletedTasks(cursor: string | null): Promise<TaskPage> {
  return getPage({ status: "completed", limit: "50", cursor });
}

/** All lists, the default one first. */
export async function getLists(signal?: AbortSignal): Promise<TaskList[]> {
  const answer = await sendAuthorizedJson<{ items: TaskList[] }>(
    userPath("lists"),
    signal ? { signal } : {},
  );
  return answer.items;
}

/** Opens the feed of changes, after the one with the id `after`. */
export function openChangeFeed(after: string | null, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (after !== null) headers["Last-Event-ID"] = after;
  return sendAuthorized(userPath("tasks/events"), { headers, signal });
}

/** Stores a new task. */
export function postTask(draft: TaskDraft): Promise<Task> {
  return change("tasks", { method: "POST", body: draft });
}

/** Changes a task. */
export function patchTask(id: string, changes: TaskChanges): Promise<Task> {
  return change(`tasks/${id}`, { method: "PATCH", body: changes });
}

/** Deletes a task; it can be brought back for 30 days. */
export async function deleteTask(id: string): Promise<void> {
  await sendAuthorized(userPath(`tasks/${id}`), { method: "DELETE", headers: idempotencyKey() });
}

/** Brings a deleted task back. */
export function restoreTask(id: string): Promise<Task> {
  return change(`tasks/${id}/restore`, { method: "POST" });
}

/** Makes a list. */
export function postList(name: string): Promise<TaskList> {
  return change("lists", { method: "POST", body: { name } });
}

/** Renames a list. */
export function patchList(id: string, name: string): Promise<TaskList> {
  return change(`lists/${id}`, { method: "PATCH", body: { name } });
}

/** Deletes a list; its tasks go to the default list. */
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

function change<T>(what: string, options: RequestOptions): Promise<T> {
  return sendAuthorizedJson<T>(userPath(what), { ...options, headers: idempotencyKey() });
}

/** Returns the header that makes a change take effect once, even if it is sent again. */
function idempotencyKey(): Record<string, string> {
  // `crypto.randomUUID` needs https or localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { "Idempotency-Key": key };
}
