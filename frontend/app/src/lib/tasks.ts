/** How much a task matters. */
export type Priority = "none" | "low" | "medium" | "high";

/** When a task is due: on a day, or at an instant. */
export type Due = { date: string; timezone?: string } | { at: string; timezone: string };

/** Something to do. */
export interface Task {
  id: string;
  number: number;
  title: string;
  notes: string;
  list_id: string;
  priority: Priority;
  due: Due | null;
  tags: string[];
  completed_at: string | null;
  created_at: string;
  updated_at: string;
}

/** A list of tasks. */
export interface TaskList {
  id: string;
  name: string;
  is_default: boolean;
  open_tasks: number;
  created_at: string;
  updated_at: string;
}

/** What is known of a task before it is stored. */
export interface TaskDraft {
  title: string;
  notes?: string;
  list_id?: string;
  priority?: Priority;
  due?: Due | null;
  tags?: string[];
}

/** The fields of a task that are to change. */
export type TaskChanges = Partial<TaskDraft> & { completed?: boolean };

/** One document of the change feed. */
export interface Change {
  type: string;
  actor?: "user" | "agent";
  task?: Task;
  list?: TaskList;
}

/** The priorities, the highest first, with their names. */
export const PRIORITIES: readonly { value: Priority; name: string }[] = [
  { value: "high", name: "High" },
  { value: "medium", name: "Medium" },
  { value: "low", name: "Low" },
  { value: "none", name: "None" },
];
