import { type DateContext, daysUntil, dueDay, isOverdue } from "@/lib/due";
import type { Priority, Section, Task, TaskChanges } from "@/lib/tasks";

/** An optimistic change that the server hasn't confirmed yet. */
export type Patch =
  | { key: number; type: "add"; task: Task }
  | { key: number; type: "change"; id: string; changes: TaskChanges; at: string }
  | { key: number; type: "remove"; id: string };

/** A filter of the task panel. */
export type Filter = "open" | "today" | "upcoming" | "overdue" | "completed";

/** A sort order of the task panel. */
export type Order = "due" | "priority" | "created" | "title";

/** The selection of tasks to show. */
export interface TaskQuery {
  filter: Filter;
  /** One list; null for all. */
  listId: string | null;
  /** Words that must all occur in title, notes or tags. */
  words: string;
  order: Order;
}

const RANK: Record<Priority, number> = { high: 0, medium: 1, low: 2, none: 3 };
const NO_DUE = "9999";

/** Returns the server's tasks with unconfirmed changes applied. */
export function applyPatches(
  tasks: Readonly<Record<string, Task>>,
  patches: readonly Patch[],
): Record<string, Task> {
  if (patches.length === 0) return tasks;
  const result = { ...tasks };
  for (const patch of patches) {
    if (patch.type === "add") result[patch.task.id] = patch.task;
    else if (patch.type === "remove") delete result[patch.id];
    else {
      const task = result[patch.id];
      if (task) result[patch.id] = applyChanges(task, patch.changes, patch.at);
    }
  }
  return result;
}

/** Returns a task with changes, as the server will return it. */
function applyChanges(task: Task, changes: TaskChanges, at: string): Task {
  const { completed, subtasks: _decision, applies_to: _instances, ...fields } = changes;
  const result: Task = { ...task, ...fields };
  if (completed !== undefined) result.completed_at = completed ? (task.completed_at ?? at) : null;
  return result;
}

/** Returns the matching tasks in order. */
export function visibleTasks(tasks: Iterable<Task>, query: TaskQuery, dates: DateContext): Task[] {
  const words = query.words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return [...tasks]
    .filter(
      (task) =>
        (query.listId === null || task.list_id === query.listId) &&
        matchesFilter(task, query.filter, dates) &&
        hasWords(task, words),
    )
    .sort(query.filter === "completed" ? byCompletion : comparer(query.order, dates.timezone));
}

/** A task in the panel. */
export interface ShownTask {
  task: Task;
  /** It follows its parent. */
  isSubtask: boolean;
}

/** Puts subtasks after their parents, in the order of the tasks; others stay where they are. */
export function nestSubtasks(tasks: readonly Task[]): ShownTask[] {
  const ids = new Set(tasks.map(({ id }) => id));
  const isNested = (task: Task) => task.parent_id !== null && ids.has(task.parent_id);
  const children = new Map<string | null, ShownTask[]>();
  for (const task of tasks.filter(isNested)) {
    const siblings = children.get(task.parent_id) ?? [];
    children.set(task.parent_id, [...siblings, { task, isSubtask: true }]);
  }
  return tasks
    .filter((task) => !isNested(task))
    .flatMap((task) => [{ task, isSubtask: false }, ...(children.get(task.id) ?? [])]);
}

/** The rows of a section of a list; null has those without one. */
export interface TaskGroup {
  section: Section | null;
  /** The number of rows, also of those that aren't shown. */
  count: number;
  rows: readonly ShownTask[];
}

/** Groups rows by section, in the sections' order; those without one come first. */
export function groupBySection(
  rows: readonly ShownTask[],
  sections: readonly Section[],
): TaskGroup[] {
  const bySection = new Map<Section | null, ShownTask[]>(
    [null, ...sections].map((each) => [each, []]),
  );
  let group: ShownTask[] | undefined;
  for (const row of rows) {
    // Subtasks stay with their parent, also before the server has moved them with it.
    if (!row.isSubtask) {
      const section = sections.find(({ id }) => id === row.task.section_id) ?? null;
      group = bySection.get(section);
    }
    group?.push(row);
  }
  return [...bySection].map(([section, rows]) => ({ section, count: rows.length, rows }));
}

/** Returns the groups up to `limit` rows in total, without the rows of closed sections. */
export function firstRows(
  groups: readonly TaskGroup[],
  closed: ReadonlySet<string>,
  limit: number,
): TaskGroup[] {
  const result: TaskGroup[] = [];
  let room = limit;
  for (const group of groups) {
    const rows = group.section && closed.has(group.section.id) ? [] : group.rows;
    if (room < 0 || (room === 0 && rows.length > 0)) break;
    result.push({ ...group, rows: rows.slice(0, room) });
    room -= rows.length;
  }
  return result;
}

/** Counts the tasks of each filter, in all lists or one. */
export function countByFilter(
  tasks: Iterable<Task>,
  listId: string | null,
  dates: DateContext,
): Record<Filter, number> {
  const counts = { open: 0, today: 0, upcoming: 0, overdue: 0, completed: 0 };
  for (const task of tasks) {
    if (listId !== null && task.list_id !== listId) continue;
    for (const filter of FILTERS) if (matchesFilter(task, filter, dates)) counts[filter] += 1;
  }
  return counts;
}

/** Counts the open tasks of each list. */
export function countByList(tasks: Iterable<Task>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const task of tasks) {
    if (!task.completed_at) counts[task.list_id] = (counts[task.list_id] ?? 0) + 1;
  }
  return counts;
}

const FILTERS: readonly Filter[] = ["open", "today", "upcoming", "overdue", "completed"];

function matchesFilter(task: Task, filter: Filter, dates: DateContext): boolean {
  if (filter === "completed") return task.completed_at !== null;
  if (task.completed_at !== null) return false;
  if (filter === "open") return true;
  if (!task.due) return false;
  const days = daysUntil(dueDay(task.due, dates.timezone), dates);
  if (filter === "today") return days === 0;
  if (filter === "upcoming") return days > 0;
  return isOverdue(task.due, dates.now);
}

function hasWords(task: Task, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = [task.title, task.notes, ...task.tags].join("\n").toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

function byCompletion(one: Task, other: Task): number {
  return (other.completed_at ?? "").localeCompare(one.completed_at ?? "");
}

function comparer(order: Order, timezone: string): (one: Task, other: Task) => number {
  const byDue = (task: Task) => (task.due ? dueDay(task.due, timezone) : NO_DUE);
  // Within a day, tasks with a time come first, ordered by it.
  const byTime = (task: Task) => (task.due && "at" in task.due ? task.due.at : NO_DUE);
  const newest = (one: Task, other: Task) => other.created_at.localeCompare(one.created_at);
  const due = (one: Task, other: Task) =>
    byDue(one).localeCompare(byDue(other)) || byTime(one).localeCompare(byTime(other));
  const rank = (one: Task, other: Task) => RANK[one.priority] - RANK[other.priority];
  switch (order) {
    case "due":
      return (one, other) => due(one, other) || rank(one, other) || newest(one, other);
    case "priority":
      return (one, other) => rank(one, other) || due(one, other) || newest(one, other);
    case "title":
      return (one, other) => one.title.localeCompare(other.title) || newest(one, other);
    case "created":
      return newest;
  }
}
