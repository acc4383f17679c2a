"use client";

import { ChatKit, useChatKit } from "@openai/chatkit-react";
import { useEffect, useState } from "react";
import { ChatReady } from "@/components/chat/ChatReady";
import { useChatOptions } from "@/hooks/useChatOptions";
import { isThreadGone, openThread, rememberThread } from "@/lib/openThread";
import { useAuthStore } from "@/stores/authStore";

export interface ThemedChatKitProps {
  /**
   * Put the cursor into the composer when the chat appears.
   *
   * @default false
   */
  focusOnOpen?: boolean;
  /** Something to put into the composer, for the person to send. */
  draft?: { text: string; key: number } | null;
}

/** The chat of whoever is signed in, in the site's colours; it follows the theme at once. */
export function ThemedChatKit({ focusOnOpen = false, draft = null }: ThemedChatKitProps) {
  const userId = useAuthStore((state) => state.user?.id);
  return (
    <ChatReady>
      {/* Another person gets another chat, not this one's with other data. */}
      <OwnChatKit key={userId} userId={userId ?? ""} focusOnOpen={focusOnOpen} draft={draft} />
    </ChatReady>
  );
}

interface OwnChatKitProps extends Required<ThemedChatKitProps> {
  userId: string;
}

function OwnChatKit({ userId, focusOnOpen, draft }: OwnChatKitProps) {
  const [isReady, setIsReady] = useState(false);
  const [initialThread] = useState(() => openThread(userId));
  const chat = useChatKit({
    ...useChatOptions(),
    initialThread,
    onReady: () => setIsReady(true),
    onThreadChange: ({ threadId }) => rememberThread(userId, threadId),
    onError: ({ error }) => {
      // Deleted elsewhere, as on another device: there is nothing to go on with.
      const isShown = initialThread !== null && openThread(userId) === initialThread;
      if (isShown && isThreadGone(error)) void setThreadId(null);
    },
  });
  const { focusComposer, setComposerValue, setThreadId } = chat;

  useEffect(() => {
    if (!isReady || !focusOnOpen) return;
    // Both are refused while a thread loads; then the person types by themselves.
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
