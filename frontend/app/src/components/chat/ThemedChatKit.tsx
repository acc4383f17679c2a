"use client";

import { ChatKit, useChatKit } from "@openai/chatkit-react";
import { useEffect, useState } from "react";
import { ChatReady } from "@/components/chat/ChatReady";
import { useChatOptions } from "@/hooks/use-chat-options";
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
      <OwnChatKit key={userId} focusOnOpen={focusOnOpen} draft={draft} />
    </ChatReady>
  );
}

function OwnChatKit({ focusOnOpen, draft }: Required<ThemedChatKitProps>) {
  const [isReady, setIsReady] = useState(false);
  const chat = useChatKit({ ...useChatOptions(), onReady: () => setIsReady(true) });
  const { focusComposer, setComposerValue } = chat;

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
