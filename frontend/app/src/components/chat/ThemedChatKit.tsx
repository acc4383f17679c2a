"use client";

import { ChatKit, useChatKit } from "@openai/chatkit-react";
import { useEffect } from "react";
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
}

/** The chat of whoever is signed in, in the site's colours; it follows the theme at once. */
export function ThemedChatKit({ focusOnOpen = false }: ThemedChatKitProps) {
  const userId = useAuthStore((state) => state.user?.id);
  return (
    <ChatReady>
      {/* Another person gets another chat, not this one's with other data. */}
      <OwnChatKit key={userId} focusOnOpen={focusOnOpen} />
    </ChatReady>
  );
}

function OwnChatKit({ focusOnOpen }: { focusOnOpen: boolean }) {
  const chat = useChatKit({
    ...useChatOptions(),
    onReady: () => {
      if (focusOnOpen) void focusComposer();
    },
  });
  const { focusComposer } = chat;

  useEffect(() => {
    if (focusOnOpen) void focusComposer().catch(() => undefined);
  }, [focusOnOpen, focusComposer]);

  return <ChatKit control={chat.control} className={`h-full w-full ${COLOURS}`} />;
}

const COLOURS = [
  "[--chatkit-bg:hsl(var(--card))]",
  "[--chatkit-text:hsl(var(--foreground))]",
  "[--chatkit-primary:hsl(var(--primary))]",
  "[--chatkit-border:hsl(var(--border))]",
].join(" ");
