import { create } from "zustand";
import { followChanges } from "@/lib/changeFeed";
import { isOlder, PendingEdits } from "@/lib/PendingEdits";
import { messageOf } from "@/lib/problem";
import * as api from "@/lib/taskApi";
import type { Change, Task, TaskChanges, TaskDraft, TaskList } from "@/lib/tasks";
import { type Patch, withPatches } from "@/lib/taskView";
import { showError, showInfo } from "@/stores/toastStore";

/** The tasks and lists of whoever is signed in. */
export interface TaskState {
  status: "loading" | "ready" | "error";
  problem: string | null;
  /** Whether changes arrive as they happen. */
  isLive: boolean;
  /** What the server has said. */
  tasks: Readonly<Record<string, Task>>;
  lists: readonly TaskList[];
  /** What is on its way to the server; taken back when it fails. */
  patches: readonly Patch[];
  /** The next page of tasks that are done; null when there is none. */
  completedCursor: string | null;
  completedStatus: "idle" | "loading" | "loaded" | "error";
  /** The task that the assistant has touched last, to draw the eye to it. */
  touched: { id: string; at: number } | null;

  /** Loads everything and follows the changes, until the returned function is called. */
  follow: () => () => void;
  reload: () => Promise<void>;
  loadCompleted: () => Promise<void>;
  /** @returns whether it was stored. */
  addTask: (draft: TaskDraft) => Promise<boolean>;
  /** @returns whether it was stored. */
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
  touched: null,
};

let lastKey = 0;
let loading: AbortController | null = null;
const heardTasks = new PendingEdits<Task>();
const heardLists = new PendingEdits<TaskList>();

/** The store of the task panel. */
export const useTaskStore = create<TaskState>()((set, get) => {
  /** Shows a patch while `work` is under way; whatever comes of it, the patch goes then. */
  const withPatch = async <T>(patch: Patch, work: () => Promise<T>): Promise<T | undefined> => {
    set(({ patches }) => ({ patches: [...patches, patch] }));
    try {
      const result = await work();
      return result;
    } catch (error) {
      showError(messageOf(error));
      return undefined;
    } finally {
      set(({ patches }) => ({ patches: patches.filter(({ key }) => key !== patch.key) }));
    }
  };
  const put = (task: Task) => {
    if (isOlder(task, get().tasks[task.id])) return;
    heardTasks.note(task.id, task);
    set(({ tasks }) => ({ tasks: { ...tasks, [task.id]: task } }));
  };
  const drop = (id: string) => {
    heardTasks.note(id, null);
    set(({ tasks }) => ({ tasks: without(tasks, id) }));
  };
  const putList = (list: TaskList) => {
    heardLists.note(list.id, list);
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
      const end = new AbortController();
      void followChanges(
        {
          open: (after, signal) =>
            api.openChangeFeed(after, signal).catch((error: unknown) => {
              if (!signal.aborted && get().status === "loading") {
                set({ status: "error", problem: messageOf(error) });
              }
              throw error;
            }),
          onReload: () => void get().reload(),
          onChange: (change) => hear(change),
          onLive: (isLive) => set({ isLive }),
        },
        end.signal,
      );
      return () => {
        end.abort();
        loading?.abort();
      };
    },

    reload: async () => {
      loading?.abort();
      loading = new AbortController();
      const { signal } = loading;
      const loadingTasks = heardTasks.begin();
      const loadingLists = heardLists.begin();
      try {
        const [lists, open] = await Promise.all([api.getLists(signal), api.getOpenTasks(signal)]);
        if (signal.aborted) return;
        set({
          status: "ready",
          problem: null,
          completedStatus: "idle",
          lists: loadingLists.corrected(lists),
          tasks: Object.fromEntries(loadingTasks.corrected(open).map((task) => [task.id, task])),
        });
      } catch (error) {
        if (signal.aborted) return;
        set(({ status }) =>
          // What is shown already is better than nothing.
          status === "ready" ? {} : { status: "error", problem: messageOf(error) },
        );
      } finally {
        loadingTasks.end();
        loadingLists.end();
      }
    },

    loadCompleted: async () => {
      const { completedStatus, completedCursor } = get();
      if (completedStatus === "loading") return;
      const cursor = completedStatus === "loaded" ? completedCursor : null;
      set({ completedStatus: "loading" });
      const loadingTasks = heardTasks.begin();
      try {
        const page = await api.getCompletedTasks(cursor);
        for (const task of loadingTasks.corrected(page.items)) put(task);
        set({ completedStatus: "loaded", completedCursor: page.next_cursor });
      } catch (error) {
        set({ completedStatus: "error" });
        showError(messageOf(error));
      } finally {
        loadingTasks.end();
      }
    },

    addTask: async (draft) => {
      const key = nextKey();
      const task = draftTask(draft, `new-${key}`, get().lists);
      const stored = await withPatch({ key, type: "add", task }, async () => {
        const answer = await api.postTask(draft);
        put(answer);
        return answer;
      });
      return stored !== undefined;
    },

    changeTask: async (id, changes) => {
      const patch: Patch = { key: nextKey(), type: "change", id, changes, at: now() };
      const stored = await withPatch(patch, async () => {
        const answer = await api.patchTask(id, changes);
        put(answer);
        return answer;
      });
      return stored !== undefined;
    },

    deleteTask: async (id) => {
      const title = withPatches(get().tasks, get().patches)[id]?.title ?? "";
      const isDeleted = await withPatch({ key: nextKey(), type: "remove", id }, async () => {
        await api.deleteTask(id);
        drop(id);
        return true;
      });
      if (!isDeleted) return;
      showInfo(`Deleted “${shorten(title)}”`, {
        label: "Undo",
        run: () =>
          void api.restoreTask(id).then(put, (error: unknown) => showError(messageOf(error))),
      });
    },

    addList: async (name) => {
      try {
        const list = await api.postList(name);
        putList(list);
        return list;
      } catch (error) {
        showError(messageOf(error));
        return null;
      }
    },

    renameList: async (id, name) => {
      try {
        putList(await api.patchList(id, name));
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

  function hear(change: Change): void {
    const { type, task, list } = change;
    if (type === "task.deleted.v1" && task) drop(task.id);
    else if (type === "list.deleted.v1") void get().reload();
    else if (task) {
      if (type === "task.created.v1" && change.actor === "user") forgetAdded(task);
      put(task);
    } else if (list) putList(list);
    if (task && change.actor === "agent") set({ touched: { id: task.id, at: Date.now() } });
  }

  /** The feed is often faster than the answer: the task must not be there twice meanwhile. */
  function forgetAdded(task: Task): void {
    set(({ patches }) => {
      const index = patches.findIndex(
        (patch) => patch.type === "add" && patch.task.title === task.title,
      );
      return index < 0 ? {} : { patches: patches.filter((_, each) => each !== index) };
    });
  }
});

function draftTask(draft: TaskDraft, id: string, lists: readonly TaskList[]): Task {
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

function without(tasks: Readonly<Record<string, Task>>, id: string): Record<string, Task> {
  const { [id]: _gone, ...rest } = tasks;
  return rest;
}

function nextKey(): number {
  lastKey += 1;
  return lastKey;
}

function now(): string {
  return new Date().toISOString();
}

function shorten(title: string): string {
  return title.length > 40 ? `${title.slice(0, 39)}…` : title;
}
