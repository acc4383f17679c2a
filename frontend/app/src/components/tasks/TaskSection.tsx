import { ChevronDown, Plus } from "lucide-react";
import { type ReactNode, useId, useRef, useState } from "react";
import { AddTask } from "@/components/tasks/AddTask";
import { Button } from "@/components/ui/button";
import type { DateContext } from "@/lib/due";
import type { Section } from "@/lib/tasks";
import { cn } from "@/lib/utils";

export interface TaskSectionProps {
  section: Section;
  /** The number of matching tasks. */
  count: number;
  isOpen: boolean;
  onToggle: () => void;
  dates: DateContext;
  /** The rows. */
  children: ReactNode;
}

/** A section of a list: its heading, its rows, and a form that adds a task to it. */
export function TaskSection({ section, isOpen, dates, ...props }: TaskSectionProps) {
  const [isAdding, setIsAdding] = useState(false);
  const addButton = useRef<HTMLButtonElement>(null);
  const headingId = useId();

  const cancel = () => {
    setIsAdding(false);
    requestAnimationFrame(() => addButton.current?.focus());
  };
  return (
    <section aria-labelledby={headingId} className="mt-5">
      <h2 id={headingId} className="border-b text-sm font-semibold">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={props.onToggle}
          className="flex min-h-9 w-full items-center gap-1.5 rounded-sm text-start hover:bg-accent/50 pointer-coarse:min-h-11"
        >
          <ChevronDown
            aria-hidden
            className={cn(
              "h-4 w-4 shrink-0 text-muted-foreground transition-transform",
              !isOpen && "-rotate-90 rtl:rotate-90",
            )}
          />
          <span dir="auto" className="min-w-0 break-words">
            {section.name}
          </span>
          <span className="ps-1 font-normal text-muted-foreground tabular-nums">{props.count}</span>
        </button>
      </h2>
      {isOpen ? (
        <>
          {props.children}
          {isAdding ? (
            <div className="mt-2">
              <AddTask listId={section.list_id} section={section} dates={dates} onCancel={cancel} />
            </div>
          ) : (
            <Button
              ref={addButton}
              variant="ghost"
              size="sm"
              aria-label={`Add task to ${section.name}`}
              onClick={() => setIsAdding(true)}
              className="mt-1 px-1.5 font-normal text-muted-foreground hover:text-primary"
            >
              <Plus aria-hidden className="h-4 w-4" />
              Add task
            </Button>
          )}
        </>
      ) : null}
    </section>
  );
}
