import { create } from "zustand";

interface ChatWindowState {
  isOpen: boolean;
  /** Text for the composer; `key` distinguishes equal texts. */
  draft: { text: string; key: number } | null;
  /** Opens the chat and puts the text, if any, into the composer. */
  open: (text?: string) => void;
  close: () => void;
}

/** The state of the floating chat. */
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
