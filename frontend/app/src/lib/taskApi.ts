import { sendAuthorized, sendAuthorizedJson, userPath } from "@/lib/authorizedHttp";
import type { RequestOptions } from "@/lib/http";
import type { Color, Icon, Section, Task, TaskChanges, TaskDraft, TaskList } from "@/lib/tasks";

const PAGE_SIZE = 200;

/** One page of a listing. */
export interface TaskPage {
  items: Task[];
  next_cursor: string | null;
}

/** Loads all open tasks, also those of archived lists, page by page. */
export async function getOpenTasks(signal: AbortSignal): Promise<Task[]> {
  const tasks: Task[] = [];
  let cursor: string | null = null;
  do {
    const page: TaskPage = await getPage(
      { status: "open", include_archived: "true", limit: String(PAGE_SIZE), cursor },
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

/** Loads all subtasks of a task, open and completed, in their manual order. */
export async function getSubtasks(parentId: string): Promise<Task[]> {
  const query = { parent_id: parentId, status: "all", sort: "position", limit: String(PAGE_SIZE) };
  return (await getPage(query)).items;
}

/** Loads all lists in order, the default list first, including archived ones. */
export async function getLists(signal?: AbortSignal): Promise<TaskList[]> {
  const response = await sendAuthorizedJson<{ items: TaskList[] }>(
    `${userPath("lists")}?include_archived=true`,
    signal ? { signal } : {},
  );
  return response.items;
}

/** Loads the sections of all lists, also of archived ones, by list and position. */
export async function getSections(signal?: AbortSignal): Promise<Section[]> {
  const response = await sendAuthorizedJson<{ items: Section[] }>(
    `${userPath("sections")}?include_archived=true`,
    signal ? { signal } : {},
  );
  return response.items;
}

/** Creates a section at the end of a list. */
export function postSection(listId: string, name: string): Promise<Section> {
  return sendChange("sections", { method: "POST", body: { list_id: listId, name } });
}

/** Changes to a section. */
export interface SectionChanges {
  name?: string;
  move?: MoveTarget;
}

/** Renames or moves a section. */
export function patchSection(id: string, changes: SectionChanges): Promise<Section> {
  return sendChange(`sections/${id}`, { method: "PATCH", body: changes });
}

/** Deletes a section; its tasks stay in the list. @returns the ID to undo it with. */
export function deleteSection(id: string): Promise<string> {
  return sendDeletion(`sections/${id}?tasks=move`);
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
  await sendDeletion(`tasks/${id}`);
}

/** Restores a deleted task. */
export function restoreTask(id: string): Promise<Task> {
  return sendChange(`tasks/${id}/restore`, { method: "POST" });
}

/** Moves a repeating task to its next date without completing it. */
export function skipTask(id: string): Promise<Task> {
  return sendChange(`tasks/${id}/skip`, { method: "POST" });
}

/** The ID of the list or section to move another one next to. */
export type MoveTarget = { before: string } | { after: string };

/** A list that is not stored yet. */
export interface ListDraft {
  name: string;
  color: Color | null;
  icon: Icon | null;
}

/** Changes to a list. */
export interface ListChanges extends Partial<ListDraft> {
  archived?: boolean;
  move?: MoveTarget;
}

/** Creates a list. */
export function postList(draft: ListDraft): Promise<TaskList> {
  return sendChange("lists", { method: "POST", body: draft });
}

/** Changes a list. */
export function patchList(id: string, changes: ListChanges): Promise<TaskList> {
  return sendChange(`lists/${id}`, { method: "PATCH", body: changes });
}

/** Deletes a list; its tasks move to the default list. @returns the ID to undo it with. */
export function deleteList(id: string): Promise<string> {
  return sendDeletion(`lists/${id}?tasks=move`);
}

function getPage(query: Record<string, string | null>, signal?: AbortSignal): Promise<TaskPage> {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) params.set(name, value);
  }
  return sendAuthorizedJson<TaskPage>(`${userPath("tasks")}?${params}`, signal ? { signal } : {});
}

/** Sends a change of the user's tasks, which takes effect once even if it is sent again. */
export function sendChange<T>(resource: string, options: RequestOptions): Promise<T> {
  const headers = { ...idempotencyKey(), ...options.headers };
  return sendAuthorizedJson<T>(userPath(resource), { ...options, headers });
}

async function sendDeletion(resource: string): Promise<string> {
  const options: RequestOptions = { method: "DELETE", headers: idempotencyKey() };
  const response = await sendAuthorized(userPath(resource), options);
  return response.headers.get("X-Change-Request") ?? "";
}

/** Returns the header that makes a change take effect once, even if it is sent again. */
export function idempotencyKey(): Record<string, string> {
  // `crypto.randomUUID` needs https or localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { "Idempotency-Key": key };
}
