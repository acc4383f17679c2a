import { create } from "zustand";

interface ChatWindowState {
  isOpen: boolean;
  /** Text to put into the composer; `key` tells one request from the next. */
  draft: { text: string; key: number } | null;
  /** Opens the chat, with something to say already written if given. */
  open: (text?: string) => void;
  close: () => void;
}

/** The chat that floats over the page. */
export const useChatWindow = create<ChatWindowState>()((set) => ({
  isOpen: false,
  draft: null,
  open: (text) =>
    set(({ draft }) => ({
      isOpen: true,
      draft: text === undefined ? null : { text, key: (draft?.key ?? 0) + 1 },
    })),
  close: () => set({ isOpen: false }),
}));
