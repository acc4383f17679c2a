import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import { cn } from "@/lib/utils";

export interface DisclosureProps {
  label: ReactNode;
  /** @default false */
  isOpenAtFirst?: boolean;
  className?: string;
  children: ReactNode;
}

/** A heading that shows and hides its content, which is rendered only while it is shown. */
export function Disclosure({ label, isOpenAtFirst = false, className, children }: DisclosureProps) {
  const [isOpen, setIsOpen] = useState(isOpenAtFirst);
  return (
    <div className={cn("grid gap-2", className)}>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
        className="flex h-8 items-center gap-1.5 justify-self-start rounded-md pr-2 text-sm font-medium text-muted-foreground hover:text-foreground pointer-coarse:h-11"
      >
        <ChevronRight
          aria-hidden
          className={cn("h-4 w-4 shrink-0 transition-transform", isOpen && "rotate-90")}
        />
        {label}
      </button>
      {isOpen ? children : null}
    </div>
  );
}
