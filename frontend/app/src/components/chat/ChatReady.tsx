"use client";

import { MessageSquareOff } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { useChatKitScript } from "@/hooks/useChatKitScript";
import { usesOfficialScript } from "@/lib/chatKitScript";
import { useSiteTexts } from "@/stores/siteTextsStore";

/**
 * Renders a skeleton until the chat component and the site's texts are loaded, and instructions if
 * the component fails to load.
 */
export function ChatReady({ children }: { children: ReactNode }) {
  const { status, retry } = useChatKitScript();
  // Without the texts the start screen would greet for the todo assistant, then change.
  const hasTexts = useSiteTexts() !== null;
  if (status === "ready" && hasTexts) return children;
  if (status !== "missing") return <ChatSkeleton />;
  return (
    <div role="alert" className="grid h-full place-items-center p-6">
      <div className="grid max-w-xs justify-items-center gap-3 text-center text-sm">
        <MessageSquareOff aria-hidden className="h-9 w-9 text-muted-foreground" />
        <h3 className="font-semibold">
          {usesOfficialScript ? "The chat didn’t load" : "The chat component is missing"}
        </h3>
        <p className="text-muted-foreground">
          {usesOfficialScript ? (
            "Its script could not be loaded. Check your network and any content blocker."
          ) : (
            <>
              The site was built without it, or it failed to load. The server’s administrator can
              build it with <code className="text-foreground">npm run build</code> in{" "}
              <code className="text-foreground">frontend</code>. Your tasks work without it.
            </>
          )}
        </p>
        <Button variant="outline" size="sm" onClick={retry}>
          Try again
        </Button>
      </div>
    </div>
  );
}

function ChatSkeleton() {
  return (
    <div role="status" className="flex h-full flex-col gap-4 p-5">
      <span className="sr-only">Loading the chat</span>
      <Skeleton className="ml-auto h-10 w-3/5 rounded-2xl" />
      <Skeleton className="h-16 w-4/5 rounded-2xl" />
      <Skeleton className="mt-auto h-12 rounded-2xl" />
    </div>
  );
}
