"use client";

import { MessageCircle } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { ChatContainer } from "@/components/chat/ChatContainer";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/utils";
import { useAuthStore } from "@/stores/authStore";
import { useChatWindow } from "@/stores/chatWindowStore";

/**
 * A button that opens the chat over the page: in a window below the header, or full screen on a phone.
 *
 * Once opened, the chat stays mounted, so that a response continues while it is closed.
 */
export function FloatingChat() {
  const isOpen = useChatWindow((state) => state.isOpen);
  const draft = useChatWindow((state) => state.draft);
  const open = useChatWindow((state) => state.open);
  const closeWindow = useChatWindow((state) => state.close);
  const [hasOpened, setHasOpened] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const isAuthenticated = useAuthStore((state) => state.isAuthenticated);

  useEffect(() => {
    if (isOpen) setHasOpened(true);
  }, [isOpen]);
  // The focus moves on to the composer once it exists.
  useEffect(() => {
    if (isOpen && hasOpened) panel.current?.focus();
  }, [isOpen, hasOpened]);
  // Leaving the page closes the chat.
  useEffect(() => closeWindow, [closeWindow]);

  const close = useCallback(() => {
    closeWindow();
    // The button can take the focus only once it is visible again.
    requestAnimationFrame(() => button.current?.focus());
  }, [closeWindow]);
  useEffect(() => {
    if (!isOpen) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      // A dialog, such as the settings, closes first.
      if (document.querySelector("dialog[open]")) return;
      // The focus is on <body> if the focused element was removed, such as a pressed button.
      const focused = document.activeElement ?? document.body;
      if (focused === document.body || panel.current?.contains(focused)) close();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [isOpen, close]);

  if (!isAuthenticated) return null;

  return (
    <>
      <Button
        ref={button}
        size="icon"
        aria-label="Open chat"
        aria-expanded={isOpen}
        onClick={() => open()}
        className={cn(
          "fixed right-[calc(1.25rem+env(safe-area-inset-right))] bottom-[calc(1.25rem+env(safe-area-inset-bottom))] z-40 h-14 w-14 rounded-full shadow-lg",
          isOpen && "hidden",
        )}
      >
        <MessageCircle aria-hidden className="h-6 w-6" />
      </Button>
      {hasOpened ? (
        <div
          ref={panel}
          tabIndex={-1}
          className={cn(
            "fixed inset-0 z-50 outline-none overflow-hidden bg-card max-sm:pt-[env(safe-area-inset-top)] sm:inset-auto sm:right-5 sm:bottom-5 sm:h-[min(42rem,calc(100dvh-6rem))] sm:w-[min(26rem,calc(100vw-2.5rem))] sm:rounded-lg sm:border sm:shadow-2xl motion-safe:animate-rise",
            !isOpen && "hidden",
          )}
        >
          <ChatContainer onClose={close} focusOnOpen={isOpen} draft={draft} />
        </div>
      ) : null}
    </>
  );
}
