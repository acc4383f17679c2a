import { create } from "zustand";
import { postUndo } from "@/lib/history";
import { isOlder, PendingEdits } from "@/lib/PendingEdits";
import { ApiError, messageOf } from "@/lib/problem";
import { listenToChanges } from "@/lib/sharedFeed";
import * as api from "@/lib/taskApi";
import type { Change, Section, Task, TaskChanges, TaskDraft, TaskList } from "@/lib/tasks";
import { applyPatches, type Patch } from "@/lib/taskView";
import { showError, showInfo } from "@/stores/toastStore";

/** The signed-in user's tasks and lists. */
export interface TaskState {
  status: "loading" | "ready" | "error";
  problem: string | null;
  /** True while the change feed is connected. */
  isLive: boolean;
  /** The server's tasks, without unconfirmed changes. */
  tasks: Readonly<Record<string, Task>>;
  lists: readonly TaskList[];
  /** Lists that are hidden with their tasks. */
  archivedLists: readonly TaskList[];
  /** In order within each list. */
  sections: readonly Section[];
  /** Unconfirmed changes; one that fails is rolled back. */
  patches: readonly Patch[];
  /** The cursor of the next page of completed tasks; null at the end. */
  completedCursor: string | null;
  completedStatus: "idle" | "loading" | "loaded" | "error";
  /** The task that the assistant changed last, and when; its row is highlighted. */
  highlighted: { id: string; at: number } | null;
  /** The task to complete whose open subtasks need a decision of the user. */
  undecidedTask: string | null;

  /** Loads everything and follows the change feed until the returned function is called. */
  follow: () => () => void;
  reload: () => Promise<void>;
  loadCompleted: () => Promise<void>;
  /** @returns true if the server stored it. */
  addTask: (draft: TaskDraft) => Promise<boolean>;
  /** @returns true if the server stored it. */
  changeTask: (id: string, changes: TaskChanges) => Promise<boolean>;
  deleteTask: (id: string) => Promise<void>;
  /** Moves a repeating task to its next date. */
  skipTask: (id: string) => Promise<void>;
  /** Loads the completed subtasks of a task, too. */
  loadSubtasks: (parentId: string) => Promise<void>;
  /** Completes the undecided task; null leaves it open. */
  decideSubtasks: (decision: "complete" | "keep" | null) => Promise<void>;
  addSection: (listId: string, name: string) => Promise<Section | null>;
  /** @returns true if the server stored it. */
  changeSection: (id: string, changes: api.SectionChanges) => Promise<boolean>;
  /** @returns true on success. */
  deleteSection: (section: Section) => Promise<boolean>;
  addList: (draft: api.ListDraft) => Promise<TaskList | null>;
  /** @returns true if the server stored it. */
  changeList: (id: string, changes: api.ListChanges) => Promise<boolean>;
  /** @returns true on success. */
  deleteList: (list: TaskList) => Promise<boolean>;
}

const EMPTY = {
  status: "loading" as const,
  problem: null,
  isLive: true,
  tasks: {},
  lists: [],
  archivedLists: [],
  sections: [],
  patches: [],
  completedCursor: null,
  completedStatus: "idle" as const,
  highlighted: null,
  undecidedTask: null,
};

let lastKey = 0;
let loading: AbortController | null = null;
const taskEdits = new PendingEdits<Task>();
const listEdits = new PendingEdits<TaskList>();
const sectionEdits = new PendingEdits<Section>();

/** The store of the task panel. */
export const useTaskStore = create<TaskState>()((set, get) => {
  /**
   * Applies a patch while `request` is in progress, and removes it on success and on failure.
   *
   * @returns true on success.
   */
  const withPatch = async (patch: Patch, request: () => Promise<void>): Promise<boolean> => {
    set(({ patches }) => ({ patches: [...patches, patch] }));
    try {
      await request();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "open-subtasks" && patch.type === "change") {
        set({ undecidedTask: patch.id });
      } else {
        showError(messageOf(error));
      }
      return false;
    } finally {
      set(({ patches }) => ({ patches: patches.filter(({ key }) => key !== patch.key) }));
    }
  };
  const storeTask = (task: Task) => {
    if (isOlder(task, get().tasks[task.id])) return;
    taskEdits.record(task.id, task);
    set(({ tasks }) => ({ tasks: { ...tasks, [task.id]: task } }));
  };
  const removeTask = (id: string) => {
    taskEdits.record(id, null);
    set(({ tasks }) => ({
      tasks: Object.fromEntries(Object.entries(tasks).filter(([key]) => key !== id)),
    }));
  };
  const findList = (id: string) =>
    [...get().lists, ...get().archivedLists].find((list) => list.id === id);
  const storeList = (list: TaskList) => {
    if (isOlder(list, findList(list.id))) return;
    listEdits.record(list.id, list);
    const { lists, archivedLists } = get();
    const others = [...lists, ...archivedLists].filter(({ id }) => id !== list.id);
    set(splitLists([...others, list]));
  };
  const findSection = (id: string) => get().sections.find((section) => section.id === id);
  const storeSection = (section: Section) => {
    if (isOlder(section, findSection(section.id))) return;
    sectionEdits.record(section.id, section);
    const others = get().sections.filter(({ id }) => id !== section.id);
    set({ sections: sortSections([...others, section]) });
  };
  /** Sends a change that isn't optimistic. @returns its result; null if it failed. */
  const attempt = async <T>(request: () => Promise<T>): Promise<T | null> => {
    try {
      return await request();
    } catch (error) {
      showError(messageOf(error));
      return null;
    }
  };

  /** Deletes something that has tasks, and offers to undo it. @returns true on success. */
  const deleteGroup = async (name: string, request: () => Promise<string>) => {
    const isDeleted = await attempt(async () => {
      const requestId = await request();
      const undo = async () => {
        await postUndo({ request_id: requestId });
        await get().reload();
      };
      showInfo(`Deleted “${truncate(name)}”`, { label: "Undo", run: () => void attempt(undo) });
      await get().reload();
      return true;
    });
    return isDeleted ?? false;
  };

  return {
    ...EMPTY,

    follow: () => {
      set(EMPTY);
      const stop = listenToChanges({
        onFailure: (error) => {
          if (get().status === "loading") set({ status: "error", problem: messageOf(error) });
        },
        onReload: () => void get().reload(),
        onChange: (change) => onFeedEvent(change),
        onLive: (isLive) => set({ isLive }),
      });
      return () => {
        stop();
        loading?.abort();
      };
    },

    reload: async () => {
      loading?.abort();
      loading = new AbortController();
      const { signal } = loading;
      const taskLoad = taskEdits.beginLoad();
      const listLoad = listEdits.beginLoad();
      const sectionLoad = sectionEdits.beginLoad();
      try {
        const [lists, sections, open] = await Promise.all([
          api.getLists(signal),
          api.getSections(signal),
          api.getOpenTasks(signal),
        ]);
        if (signal.aborted) return;
        set({
          status: "ready",
          problem: null,
          completedStatus: "idle",
          ...splitLists(listLoad.merge(lists)),
          sections: sortSections(sectionLoad.merge(sections)),
          tasks: Object.fromEntries(taskLoad.merge(open).map((task) => [task.id, task])),
        });
      } catch (error) {
        if (signal.aborted) return;
        set(({ status }) =>
          // Keep showing the tasks that are already loaded.
          status === "ready" ? {} : { status: "error", problem: messageOf(error) },
        );
      } finally {
        taskLoad.end();
        listLoad.end();
        sectionLoad.end();
      }
    },

    loadCompleted: async () => {
      const { completedStatus, completedCursor } = get();
      if (completedStatus === "loading") return;
      const cursor = completedStatus === "loaded" ? completedCursor : null;
      set({ completedStatus: "loading" });
      const taskLoad = taskEdits.beginLoad();
      try {
        const page = await api.getCompletedTasks(cursor);
        for (const task of taskLoad.merge(page.items)) storeTask(task);
        set({ completedStatus: "loaded", completedCursor: page.next_cursor });
      } catch (error) {
        set({ completedStatus: "error" });
        showError(messageOf(error));
      } finally {
        taskLoad.end();
      }
    },

    addTask: async (draft) => {
      const key = nextKey();
      const task = optimisticTask(draft, `new-${key}`, get().lists);
      return withPatch({ key, type: "add", task }, async () =>
        storeTask(await api.postTask(draft)),
      );
    },

    changeTask: async (id, changes) => {
      const patch: Patch = { key: nextKey(), type: "change", id, changes, at: now() };
      return withPatch(patch, async () => {
        const task = await api.patchTask(id, changes);
        // Otherwise it was deleted while the response was on its way; so below.
        if (get().tasks[id]) storeTask(task);
      });
    },

    deleteTask: async (id) => {
      const title = applyPatches(get().tasks, get().patches)[id]?.title ?? "";
      const isDeleted = await withPatch({ key: nextKey(), type: "remove", id }, async () => {
        await api.deleteTask(id);
        removeTask(id);
      });
      if (!isDeleted) return;
      showInfo(`Deleted “${truncate(title)}”`, {
        label: "Undo",
        run: () =>
          void api.restoreTask(id).then(storeTask, (error: unknown) => showError(messageOf(error))),
      });
    },

    skipTask: async (id) => {
      const task = await attempt(() => api.skipTask(id));
      if (task && get().tasks[id]) storeTask(task);
    },

    loadSubtasks: async (parentId) => {
      const taskLoad = taskEdits.beginLoad();
      const subtasks = await attempt(() => api.getSubtasks(parentId));
      for (const task of taskLoad.merge(subtasks ?? [])) storeTask(task);
      taskLoad.end();
    },

    decideSubtasks: async (decision) => {
      const id = get().undecidedTask;
      set({ undecidedTask: null });
      if (id && decision) await get().changeTask(id, { completed: true, subtasks: decision });
    },

    addSection: async (listId, name) => {
      const section = await attempt(() => api.postSection(listId, name));
      if (section) storeSection(section);
      return section;
    },

    changeSection: async (id, changes) => {
      const section = await attempt(() => api.patchSection(id, changes));
      if (section && findSection(id)) storeSection(section);
      return section !== null;
    },

    deleteSection: ({ id, name }) => deleteGroup(name, () => api.deleteSection(id)),

    addList: async (draft) => {
      const list = await attempt(() => api.postList(draft));
      if (list) storeList(list);
      return list;
    },

    changeList: async (id, changes) => {
      const list = await attempt(() => api.patchList(id, changes));
      if (list && findList(id)) storeList(list);
      // A move gives positions to all lists; completed tasks of archived lists are not loaded.
      if (list && (changes.move || changes.archived === false)) await get().reload();
      return list !== null;
    },

    deleteList: ({ id, name }) => deleteGroup(name, () => api.deleteList(id)),
  };

  function onFeedEvent(change: Change): void {
    const { type, task, list, section } = change;
    if (type === "task.deleted.v1" && task) removeTask(task.id);
    else if (reloading.has(type) || (list && isRestored(type, list))) void get().reload();
    else if (task) {
      if (type === "task.created.v1" && change.actor === "user") dropAddPatch(task);
      storeTask(task);
    } else if (list) storeList(list);
    else if (section) storeSection(section);
    if (task && change.actor === "agent") set({ highlighted: { id: task.id, at: Date.now() } });
  }

  /** A list that comes back has tasks and sections without events for each of them. */
  function isRestored(type: string, list: TaskList): boolean {
    const { lists, archivedLists } = get();
    const known = list.archived_at ? [...lists, ...archivedLists] : lists;
    return type === "list.updated.v1" && !known.some(({ id }) => id === list.id);
  }

  /** Feed events often precede the response: without this the new task would show twice. */
  function dropAddPatch(task: Task): void {
    set(({ patches }) => {
      const index = patches.findIndex(
        (patch) => patch.type === "add" && patch.task.title === task.title,
      );
      return index < 0 ? {} : { patches: patches.filter((_, each) => each !== index) };
    });
  }
});

/** These change tasks without events for each of them. */
const reloading = new Set([
  "list.deleted.v1",
  "list.reordered.v1",
  "list.imported.v1",
  "section.deleted.v1",
  "tag.updated.v1",
  "tag.deleted.v1",
]);

function optimisticTask(draft: TaskDraft, id: string, lists: readonly TaskList[]): Task {
  const at = now();
  const inbox = lists.find((list) => list.is_default);
  return {
    id,
    number: 0,
    title: draft.title,
    notes: draft.notes ?? "",
    list_id: draft.list_id ?? inbox?.id ?? "",
    priority: draft.priority ?? "none",
    due: draft.due ?? null,
    tags: draft.tags ?? [],
    completed_at: null,
    created_at: at,
    updated_at: at,
    start: draft.start ?? null,
    duration_minutes: draft.duration_minutes ?? null,
    repeat: draft.repeat ?? null,
    reminders: draft.reminders ?? [],
    parent_id: draft.parent_id ?? null,
    subtasks: { total: 0, open: 0 },
    section_id: draft.section_id ?? null,
  };
}

/** Separates archived lists from the others, which are in the server's order. */
function splitLists(lists: readonly TaskList[]): Pick<TaskState, "lists" | "archivedLists"> {
  const inOrder = [...lists].sort(byPosition);
  return {
    lists: inOrder.filter((list) => !list.archived_at),
    archivedLists: inOrder.filter((list) => list.archived_at),
  };
}

/** The default list, then those with a position, then the others by name. */
function byPosition(one: TaskList, other: TaskList): number {
  const rank = (list: TaskList) => (list.is_default ? 0 : list.position ? 1 : 2);
  const [first, second] = [one.position ?? "", other.position ?? ""];
  return (
    rank(one) - rank(other) ||
    (first < second ? -1 : first > second ? 1 : one.name.localeCompare(other.name))
  );
}

/** Orders sections by list and position. */
function sortSections(sections: readonly Section[]): Section[] {
  const key = ({ list_id, position, id }: Section) => `${list_id} ${position} ${id}`;
  return [...sections].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

function nextKey(): number {
  lastKey += 1;
  return lastKey;
}

function now(): string {
  return new Date().toISOString();
}

function truncate(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39)}…` : title;
}
