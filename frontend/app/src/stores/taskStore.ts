import { create } from "zustand";
import { isOlder, PendingEdits } from "@/lib/PendingEdits";
import { messageOf } from "@/lib/problem";
import { listenToChanges } from "@/lib/sharedFeed";
import * as api from "@/lib/taskApi";
import type { Change, Task, TaskChanges, TaskDraft, TaskList } from "@/lib/tasks";
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
  /** Unconfirmed changes; one that fails is rolled back. */
  patches: readonly Patch[];
  /** The cursor of the next page of completed tasks; null at the end. */
  completedCursor: string | null;
  completedStatus: "idle" | "loading" | "loaded" | "error";
  /** The task that the assistant changed last, and when; its row is highlighted. */
  highlighted: { id: string; at: number } | null;

  /** Loads everything and follows the change feed until the returned function is called. */
  follow: () => () => void;
  reload: () => Promise<void>;
  loadCompleted: () => Promise<void>;
  /** @returns true if the server stored it. */
  addTask: (draft: TaskDraft) => Promise<boolean>;
  /** @returns true if the server stored it. */
  changeTask: (id: string, changes: TaskChanges) => Promise<boolean>;
  deleteTask: (id: string) => Promise<void>;
  addList: (name: string) => Promise<TaskList | null>;
  renameList: (id: string, name: string) => Promise<boolean>;
  deleteList: (id: string) => Promise<void>;
}

const EMPTY = {
  status: "loading" as const,
  problem: null,
  isLive: true,
  tasks: {},
  lists: [],
  patches: [],
  completedCursor: null,
  completedStatus: "idle" as const,
  highlighted: null,
};

let lastKey = 0;
let loading: AbortController | null = null;
const taskEdits = new PendingEdits<Task>();
const listEdits = new PendingEdits<TaskList>();

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
      showError(messageOf(error));
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
  const storeList = (list: TaskList) => {
    listEdits.record(list.id, list);
    set(({ lists }) => ({
      lists: lists.some(({ id }) => id === list.id)
        ? lists.map((each) => (each.id === list.id ? list : each))
        : [...lists, list],
    }));
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
      try {
        const [lists, open] = await Promise.all([api.getLists(signal), api.getOpenTasks(signal)]);
        if (signal.aborted) return;
        set({
          status: "ready",
          problem: null,
          completedStatus: "idle",
          lists: listLoad.merge(lists),
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
      return withPatch(patch, async () => storeTask(await api.patchTask(id, changes)));
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

    addList: async (name) => {
      try {
        const list = await api.postList(name);
        storeList(list);
        return list;
      } catch (error) {
        showError(messageOf(error));
        return null;
      }
    },

    renameList: async (id, name) => {
      try {
        storeList(await api.patchList(id, name));
        return true;
      } catch (error) {
        showError(messageOf(error));
        return false;
      }
    },

    deleteList: async (id) => {
      try {
        await api.deleteList(id);
        await get().reload();
      } catch (error) {
        showError(messageOf(error));
      }
    },
  };

  function onFeedEvent(change: Change): void {
    const { type, task, list } = change;
    if (type === "task.deleted.v1" && task) removeTask(task.id);
    else if (reloading.has(type) || (list && changesArchive(type, list))) void get().reload();
    else if (task) {
      if (type === "task.created.v1" && change.actor === "user") dropAddPatch(task);
      storeTask(task);
    } else if (list) storeList(list);
    if (task && change.actor === "agent") set({ highlighted: { id: task.id, at: Date.now() } });
  }

  /** Archiving hides a list with its tasks, which have no events; unarchiving shows them. */
  function changesArchive(type: string, list: TaskList): boolean {
    const isShown = get().lists.some(({ id }) => id === list.id);
    return type === "list.updated.v1" && (!isShown || Boolean(list.archived_at));
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
  };
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
