/** The priority of a task. */
export type Priority = "none" | "low" | "medium" | "high";

/** A due date: a day, or an instant. */
export type Due = { date: string; timezone?: string } | { at: string; timezone: string };

/** The repetition of a task, with an RFC 5545 rule. */
export interface Repeat {
  rule: string;
  from: "due" | "completion";
  until?: string;
  /** The number of instances left, including this one. */
  count?: number;
}

/** A task. */
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
  /** Missing while the task isn't stored yet. */
  repeat?: Repeat | null;
}

/** A list of tasks. */
export interface TaskList {
  id: string;
  name: string;
  is_default: boolean;
  open_tasks: number;
  created_at: string;
  updated_at: string;
  /** Set if the list is hidden with its tasks. */
  archived_at?: string | null;
}

/** A task that is not stored yet. */
export interface TaskDraft {
  title: string;
  notes?: string;
  list_id?: string;
  priority?: Priority;
  due?: Due | null;
  tags?: string[];
}

/** Changes to the fields of a task. */
export type TaskChanges = Partial<TaskDraft> & { completed?: boolean };

/** An event of the change feed. */
export interface Change {
  type: string;
  actor?: "user" | "agent" | "import" | "mcp";
  task?: Task;
  list?: TaskList;
}

/** The priorities and their names, highest first. */
export const PRIORITIES: readonly { value: Priority; name: string }[] = [
  { value: "high", name: "High" },
  { value: "medium", name: "Medium" },
  { value: "low", name: "Low" },
  { value: "none", name: "None" },
];
