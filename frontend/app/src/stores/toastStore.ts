import { create } from "zustand";

/** A short message at the lower edge of the page. */
export interface Toast {
  id: number;
  text: string;
  tone: "info" | "error";
  /** An action, such as undo. */
  action?: { label: string; run: () => void };
}

interface ToastState {
  toasts: Toast[];
  show: (toast: Omit<Toast, "id">) => number;
  dismiss: (id: number) => void;
}

const MAX_TOASTS = 3;
let lastId = 0;

/** The messages on screen, newest last. */
export const useToasts = create<ToastState>()((set) => ({
  toasts: [],
  show: (toast) => {
    lastId += 1;
    const id = lastId;
    set(({ toasts }) => ({ toasts: [...toasts, { ...toast, id }].slice(-MAX_TOASTS) }));
    return id;
  },
  dismiss: (id) => set(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) })),
}));

/** Shows an error message. */
export function showError(text: string): void {
  useToasts.getState().show({ text, tone: "error" });
}

/** Shows a confirmation, with an action if given. */
export function showInfo(text: string, action?: Toast["action"]): void {
  useToasts.getState().show({ text, tone: "info", ...(action ? { action } : {}) });
}
