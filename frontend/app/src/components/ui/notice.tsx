import { CircleAlert, Info } from "lucide-react";
import type { ReactNode } from "react";
import { type ApiError, messageOf } from "@/lib/problem";
import { cn } from "@/lib/utils";

export interface NoticeProps {
  /** @default "info" */
  tone?: "info" | "error";
  className?: string | undefined;
  children: ReactNode;
}

/** A message in a box; screen readers announce errors at once. */
export function Notice({ tone = "info", className, children }: NoticeProps) {
  const Icon = tone === "error" ? CircleAlert : Info;
  return (
    <div
      role={tone === "error" ? "alert" : undefined}
      className={cn(
        "flex items-start gap-2.5 rounded-md border px-3 py-2.5 text-sm",
        tone === "error"
          ? "border-destructive/40 bg-destructive/8 text-destructive"
          : "bg-muted/60 text-muted-foreground",
        className,
      )}
    >
      <Icon aria-hidden className="mt-0.5 h-4 w-4 shrink-0" />
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  );
}

export interface ErrorNoticeProps {
  error: ApiError;
  className?: string | undefined;
  /** Something to do about it, after the message. */
  children?: ReactNode;
}

/** The message of a failed request. */
export function ErrorNotice({ error, className, children }: ErrorNoticeProps) {
  return (
    <Notice tone="error" className={className}>
      {messageOf(error)} {children}
    </Notice>
  );
}
