"use client";

import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/utils";
import { type Toast, useToasts } from "@/stores/toastStore";

const TIMEOUT_MS = 7_000;
/** Long enough to reach Undo by keyboard. */
const TIMEOUT_WITH_ACTION_MS = 10_000;

/** The messages at the lower edge of the page. They stay while they have the pointer or the focus. */
export function Toaster() {
  const toasts = useToasts((state) => state.toasts);
  const [isPaused, setIsPaused] = useState(false);
  return (
    <section
      aria-label="Notifications"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-[calc(0.75rem+env(safe-area-inset-bottom))] z-60 mx-auto grid max-w-md gap-2 sm:right-auto sm:left-6 sm:bottom-6 sm:mx-0"
      onPointerEnter={() => setIsPaused(true)}
      onPointerLeave={() => setIsPaused(false)}
      onFocus={() => setIsPaused(true)}
      onBlur={() => setIsPaused(false)}
    >
      {toasts.map((toast) => (
        <ToastCard key={toast.id} toast={toast} isPaused={isPaused} />
      ))}
    </section>
  );
}

function ToastCard({ toast, isPaused }: { toast: Toast; isPaused: boolean }) {
  const dismiss = useToasts((state) => state.dismiss);
  useEffect(() => {
    if (isPaused) return;
    const timer = setTimeout(
      () => dismiss(toast.id),
      toast.action ? TIMEOUT_WITH_ACTION_MS : TIMEOUT_MS,
    );
    return () => clearTimeout(timer);
  }, [isPaused, toast, dismiss]);
  return (
    <div
      className={cn(
        "pointer-events-auto flex animate-rise items-center gap-2 rounded-lg border bg-card py-2 pr-2 pl-4 text-sm shadow-lg",
        toast.tone === "error" && "border-destructive/50",
      )}
    >
      <p className={cn("min-w-0 flex-1 break-words", toast.tone === "error" && "text-destructive")}>
        {toast.text}
      </p>
      {toast.action ? (
        <Button
          variant="link"
          size="sm"
          onClick={() => {
            dismiss(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </Button>
      ) : null}
      <Button
        variant="ghost"
        size="icon"
        className="h-8 w-8"
        aria-label="Dismiss"
        onClick={() => dismiss(toast.id)}
      >
        <X aria-hidden className="h-4 w-4" />
      </Button>
    </div>
  );
}
