import { create } from "zustand";

/** The task that a notification or a link asks to show. */
export interface OpenedTaskState {
  /** The task to show; null once it is shown. */
  taskId: string | null;
  open: (taskId: string) => void;
  /** The task is shown, or doesn't exist. */
  finish: () => void;
}

/** The store of the task to show. */
export const useOpenedTask = create<OpenedTaskState>()((set) => ({
  taskId: null,
  open: (taskId) => set({ taskId }),
  finish: () => set({ taskId: null }),
}));
