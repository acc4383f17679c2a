"use client";

import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "@/components/ui/button";
import { Toaster } from "@/components/ui/toaster";
import { cn } from "@/lib/utils";

export interface DialogProps {
  title: string;
  onClose: () => void;
  /** Class names of the <dialog>. */
  className?: string;
  children: ReactNode;
}

/**
 * A modal `<dialog>`. The browser keeps the focus inside and restores it afterwards; Escape closes it.
 * It needs no style element, which the content security policy would block.
 */
export function Dialog({ title, onClose, className, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; this is the backdrop's click.
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        if (event.target !== ref.current) return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
      className={cn(
        "fixed m-auto w-[calc(100%-1.5rem)] max-w-lg overflow-hidden rounded-lg border bg-card p-0 shadow-xl backdrop:bg-black/50 motion-safe:open:animate-rise",
        className,
      )}
    >
      <div className="flex max-h-[min(44rem,90dvh)] flex-col">
        <div className="flex items-center justify-between gap-4 border-b px-5 py-3">
          <h2 id={titleId} className="font-semibold">
            {title}
          </h2>
          <Button variant="ghost" size="icon" aria-label="Close" onClick={onClose}>
            <X aria-hidden className="h-4 w-4" />
          </Button>
        </div>
        <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
      </div>
      {/* The page's own messages are inert while the dialog is open. */}
      <Toaster />
    </dialog>
  );
}
