"use client";

import { ChatKit, useChatKit } from "@openai/chatkit-react";
import { useEffect, useState } from "react";
import { ChatReady } from "@/components/chat/ChatReady";
import { useChatOptions } from "@/hooks/useChatOptions";
import { useLiveWidgets } from "@/hooks/useLiveWidgets";
import { isThreadNotFound, openThread, rememberThread } from "@/lib/openThread";
import { useAuthStore } from "@/stores/authStore";

export interface ThemedChatKitProps {
  /**
   * Focuses the composer when the chat appears.
   *
   * @default false
   */
  focusOnOpen?: boolean;
  /** Text to put into the composer, for the user to send. */
  draft?: { text: string; key: number } | null;
}

/** The signed-in user's chat in the site's colours; follows changes of the theme. */
export function ThemedChatKit({ focusOnOpen = false, draft = null }: ThemedChatKitProps) {
  const userId = useAuthStore((state) => state.user?.id);
  return (
    <ChatReady>
      {/* Another user gets a new component instance. */}
      <UserChatKit key={userId} userId={userId ?? ""} focusOnOpen={focusOnOpen} draft={draft} />
    </ChatReady>
  );
}

interface UserChatKitProps extends Required<ThemedChatKitProps> {
  userId: string;
}

function UserChatKit({ userId, focusOnOpen, draft }: UserChatKitProps) {
  const [isReady, setIsReady] = useState(false);
  const [initialThread] = useState(() => openThread(userId));
  const chat = useChatKit({
    ...useChatOptions(),
    initialThread,
    onReady: () => setIsReady(true),
    onThreadChange: ({ threadId }) => rememberThread(userId, threadId),
    onError: ({ error }) => {
      // The thread was deleted elsewhere, such as on another device: start a new chat.
      const isShown = initialThread !== null && openThread(userId) === initialThread;
      if (isShown && isThreadNotFound(error)) void setThreadId(null);
    },
  });
  const { fetchUpdates, focusComposer, setComposerValue, setThreadId } = chat;
  useLiveWidgets(isReady, fetchUpdates);

  useEffect(() => {
    if (!isReady || !focusOnOpen) return;
    // Both are rejected while a thread loads; the user can then type the text.
    const fill = draft ? setComposerValue({ text: draft.text }) : Promise.resolve();
    fill.then(focusComposer).catch(() => undefined);
  }, [isReady, focusOnOpen, draft, focusComposer, setComposerValue]);

  return <ChatKit control={chat.control} className={`h-full w-full ${COLOURS}`} />;
}

const COLOURS = [
  "[--chatkit-bg:hsl(var(--card))]",
  "[--chatkit-text:hsl(var(--foreground))]",
  "[--chatkit-primary:hsl(var(--primary))]",
  "[--chatkit-border:hsl(var(--border))]",
].join(" ");
