"use client";

import { ListTodo, MessageSquare, Settings, X } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { ThemedChatKit, type ThemedChatKitProps } from "@/components/chat/ThemedChatKit";
import { SettingsDialog } from "@/components/settings/SettingsDialog";
import { Button, buttonVariants } from "@/components/ui/button";
import { TODO_TEXTS } from "@/lib/siteTexts";
import { cn } from "@/lib/utils";
import { useSiteTexts } from "@/stores/siteTextsStore";

export interface ChatContainerProps extends ThemedChatKitProps {
  /** Adds a button that closes the chat. */
  onClose?: () => void;
  /** Adds a link to the task panel; for the page that shows only the chat. */
  showTasksLink?: boolean;
}

/** The chat with a header and a settings button. */
export function ChatContainer({ onClose, showTasksLink, ...chat }: ChatContainerProps) {
  const [isSettingsOpen, setIsSettingsOpen] = useState(false);
  const assistantName = (useSiteTexts() ?? TODO_TEXTS).assistantName;
  const Heading = showTasksLink ? "h1" : "h2";
  return (
    <section
      aria-label={assistantName}
      className="flex h-full flex-col bg-card text-card-foreground"
    >
      <header className="flex items-center justify-between gap-2 border-b px-4 py-2">
        <div className="flex min-w-0 items-center gap-2">
          <MessageSquare aria-hidden className="h-5 w-5 shrink-0 text-primary" />
          <Heading className="truncate font-semibold">{assistantName}</Heading>
        </div>
        <div className="flex items-center gap-1">
          {showTasksLink ? (
            <Link href="/" className={cn(buttonVariants({ variant: "ghost", size: "sm" }), "h-9")}>
              <ListTodo aria-hidden className="h-4 w-4" />
              Tasks
            </Link>
          ) : null}
          <Button
            variant="ghost"
            size="icon"
            aria-label="Settings"
            onClick={() => setIsSettingsOpen(true)}
          >
            <Settings aria-hidden className="h-4 w-4" />
          </Button>
          {onClose ? (
            <Button variant="ghost" size="icon" aria-label="Close chat" onClick={onClose}>
              <X aria-hidden className="h-4 w-4" />
            </Button>
          ) : null}
        </div>
      </header>
      <div className="min-h-0 flex-1 overflow-hidden">
        <ThemedChatKit {...chat} />
      </div>
      {isSettingsOpen ? <SettingsDialog onClose={() => setIsSettingsOpen(false)} /> : null}
    </section>
  );
}
