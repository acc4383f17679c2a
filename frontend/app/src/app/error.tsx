"use client";

import { Button } from "@/components/ui/button";

export default function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <main className="grid min-h-dvh place-items-center px-6">
      <div role="alert" className="grid max-w-sm justify-items-center gap-3 text-center">
        <h1 className="text-2xl font-semibold">Something went wrong</h1>
        <p className="text-sm text-muted-foreground">
          This page failed. Your tasks and chats are safe on the server.
        </p>
        <Button onClick={reset}>Try again</Button>
      </div>
    </main>
  );
}
