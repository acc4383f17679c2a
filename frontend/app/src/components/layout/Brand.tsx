"use client";

import { cn } from "@/lib/utils";
import { useSiteTexts } from "@/stores/siteTextsStore";

/** The site's logo and name; the name is empty until it is loaded. */
export function Brand({ className }: { className?: string }) {
  const texts = useSiteTexts();
  return (
    <span className={cn("inline-flex items-center gap-2 font-semibold tracking-tight", className)}>
      <svg viewBox="0 0 32 32" className="h-7 w-7 shrink-0" aria-hidden="true">
        <rect width="32" height="32" rx="9" className="fill-primary" />
        <path
          d="M9 16.5l5 5 9-11"
          fill="none"
          strokeWidth="3.5"
          strokeLinecap="round"
          strokeLinejoin="round"
          className="stroke-primary-foreground"
        />
      </svg>
      {texts?.siteName ?? "\u00a0"}
    </span>
  );
}
