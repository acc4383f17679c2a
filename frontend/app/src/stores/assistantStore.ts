import { useEffect } from "react";
import { create } from "zustand";
import { jsonAuthorized, useAuthStore } from "@/stores/authStore";

/** What answers in the chat. */
export interface Assistant {
  /** No model is set: the small program that comes with the server answers. */
  offline: boolean;
  /** Whether speech can be turned into text. */
  dictation: boolean;
}

interface AssistantState {
  assistant: Assistant | null;
  load: () => Promise<void>;
}

let loading: Promise<void> | null = null;

const useStore = create<AssistantState>()((set) => ({
  assistant: null,
  load: () => {
    // Nice to know, not needed: without it the chat only lacks a note.
    loading ??= jsonAuthorized<Assistant>("/api/chatkit/assistant").then(
      (assistant) => set({ assistant }),
      () => {
        loading = null;
      },
    );
    return loading;
  },
}));

/** What answers in the chat; null until it is known. */
export function useAssistant(): Assistant | null {
  const assistant = useStore((state) => state.assistant);
  const load = useStore((state) => state.load);
  const isAuthenticated = useAuthStore((state) => state.isAuthenticated);
  useEffect(() => {
    if (isAuthenticated) void load();
  }, [isAuthenticated, load]);
  return assistant;
}
