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

/** A reminder: at an instant, or before the task is due. A new one has no ID. */
export interface Reminder {
  id?: string;
  at?: string;
  /** A task that is due on a day counts as due at 09:00. */
  minutes_before?: number;
}

/** A colour of a list. */
export type Color = (typeof COLORS)[number];

/** An icon of a list. */
export type Icon = (typeof ICONS)[number];

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
  /** From when it can be worked on. */
  start: Due | null;
  duration_minutes: number | null;
  repeat: Repeat | null;
  reminders: Reminder[];
  parent_id: string | null;
  subtasks: { total: number; open: number };
  section_id: string | null;
}

/** A list of tasks. */
export interface TaskList {
  id: string;
  name: string;
  is_default: boolean;
  open_tasks: number;
  created_at: string;
  updated_at: string;
  color: Color | null;
  icon: Icon | null;
  /** Manual order, compared as ASCII; null until the lists were reordered. */
  position: string | null;
  /** Set if the list is hidden with its tasks. */
  archived_at: string | null;
}

/** A section of a list. */
export interface Section {
  id: string;
  list_id: string;
  name: string;
  /** Order within the list, compared as ASCII. */
  position: string;
  updated_at: string;
}

/** A task that is not stored yet. */
export interface TaskDraft {
  title: string;
  notes?: string;
  list_id?: string;
  priority?: Priority;
  due?: Due | null;
  tags?: string[];
  start?: Due | null;
  duration_minutes?: number | null;
  repeat?: Repeat | null;
  reminders?: Reminder[];
  section_id?: string | null;
  parent_id?: string | null;
}

/** Changes to the fields of a task. */
export interface TaskChanges extends Partial<TaskDraft> {
  completed?: boolean;
  /** The fate of open subtasks when the task is completed. */
  subtasks?: "complete" | "keep";
  /** Of a repeating task: only this instance, or the following ones, too. */
  applies_to?: AppliesTo;
}

/** The instances of a repeating task that an edit changes. */
export type AppliesTo = "this" | "following";

/** An event of the change feed. */
export interface Change {
  type: string;
  actor?: "user" | "agent" | "import" | "mcp";
  task?: Task;
  list?: TaskList;
  section?: Section;
}

/** The priorities and their names, highest first. */
export const PRIORITIES: readonly { value: Priority; name: string }[] = [
  { value: "high", name: "High" },
  { value: "medium", name: "Medium" },
  { value: "low", name: "Low" },
  { value: "none", name: "None" },
];

/** The colours of lists. */
export const COLORS = [
  "gray",
  "red",
  "orange",
  "yellow",
  "green",
  "teal",
  "blue",
  "purple",
  "pink",
  "brown",
] as const;

/** The icons of lists. */
export const ICONS = [
  "list",
  "briefcase",
  "home",
  "cart",
  "heart",
  "star",
  "book",
  "graduation",
  "calendar",
  "plane",
  "gift",
  "phone",
  "wallet",
  "chart",
  "code",
  "tools",
  "leaf",
  "music",
  "notebook",
  "flag",
  "bolt",
  "globe",
] as const;
