import { type DateContext, formatTime, isOverdue } from "@/lib/due";
import type { Priority, Task } from "@/lib/tasks";
import { cn } from "@/lib/utils";

const EDGES: Record<Priority, string> = {
  high: "border-l-destructive",
  medium: "border-l-warning",
  low: "border-l-primary",
  none: "border-l-input",
};

export interface CalendarTaskProps {
  task: Task;
  dates: DateContext;
  isDraggable?: boolean;
  onOpen: (task: Task) => void;
}

/** A task in the calendar: a button, which the pointer can also drag to another day. */
export function CalendarTask({ task, dates, isDraggable = false, onOpen }: CalendarTaskProps) {
  const moment = task.due ?? task.start;
  const time = moment && "at" in moment ? formatTime(moment.at, dates) : "";
  const isLate = task.due !== null && isOverdue(task.due, dates.now);
  return (
    <li>
      <button
        type="button"
        dir="auto"
        draggable={isDraggable}
        onDragStart={(event) => {
          event.dataTransfer.setData("text/plain", task.id);
          event.dataTransfer.effectAllowed = "move";
        }}
        onClick={() => onOpen(task)}
        title={task.title}
        className={cn(
          "block w-full truncate rounded-sm border-l-3 bg-muted px-1.5 py-0.5 text-start text-xs hover:bg-accent pointer-coarse:min-h-11 pointer-coarse:text-sm",
          EDGES[task.priority],
          task.due === null && "border-dashed",
        )}
      >
        {task.due === null ? <span className="sr-only">Starts: </span> : null}
        {time ? (
          <span className={cn("tabular-nums text-muted-foreground", isLate && "text-destructive")}>
            {time}{" "}
          </span>
        ) : null}
        <span className={cn(isLate && !time && "text-destructive")}>{task.title}</span>
      </button>
    </li>
  );
}
