import { create } from "zustand";

/** The task or list that a notification, a link or a mention asks to show. */
export interface OpenedTaskState {
  /** The task to show; null once it is shown. */
  taskId: string | null;
  /** The list to show; null once it is shown. */
  listId: string | null;
  open: (taskId: string) => void;
  openList: (listId: string) => void;
  /** The task or list is shown, or doesn't exist. */
  finish: () => void;
}

/** The store of the task or list to show. */
export const useOpenedTask = create<OpenedTaskState>()((set) => ({
  taskId: null,
  listId: null,
  open: (taskId) => set({ taskId }),
  openList: (listId) => set({ listId }),
  finish: () => set({ taskId: null, listId: null }),
}));
