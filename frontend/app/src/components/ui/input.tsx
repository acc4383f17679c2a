import type { ComponentProps } from "react";
import { cn } from "@/lib/utils";

/** The styles of text fields, date fields and selects. */
export const fieldClass =
  "h-10 w-full min-w-0 rounded-md border border-input/60 bg-card px-3 text-base placeholder:text-muted-foreground disabled:cursor-not-allowed disabled:opacity-50 aria-invalid:border-destructive sm:text-sm pointer-coarse:h-11 pointer-coarse:text-base";

/** A single-line field. */
export function Input({ className, ...props }: ComponentProps<"input">) {
  return <input className={cn(fieldClass, className)} {...props} />;
}

/** A multi-line field. */
export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return (
    <textarea
      className={cn(fieldClass, "h-auto min-h-20 py-2 pointer-coarse:h-auto", className)}
      {...props}
    />
  );
}

/** The platform's select, which works with keyboards, screen readers and phones. */
export function NativeSelect({ className, ...props }: ComponentProps<"select">) {
  return <select className={cn(fieldClass, "pr-2", className)} {...props} />;
}
