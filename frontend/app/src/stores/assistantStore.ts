import { useEffect } from "react";
import { create } from "zustand";
import { type Assistant, getAssistant } from "@/lib/chatApi";
import { useAuthStore } from "@/stores/authStore";

interface AssistantState {
  assistant: Assistant | null;
  load: (userId: string) => Promise<void>;
}

let loading: Promise<void> | null = null;

const useStore = create<AssistantState>()((set) => ({
  assistant: null,
  load: (userId) => {
    // Optional: on failure the chat only lacks a note.
    loading ??= getAssistant(userId).then(
      (assistant) => set({ assistant }),
      () => {
        loading = null;
      },
    );
    return loading;
  },
}));

/** Returns the assistant's properties; null until they are loaded. */
export function useAssistant(): Assistant | null {
  const assistant = useStore((state) => state.assistant);
  const load = useStore((state) => state.load);
  const userId = useAuthStore((state) => state.user?.id);
  useEffect(() => {
    if (userId) void load(userId);
  }, [userId, load]);
  return assistant;
}
