"use client";

import {
  Bell,
  CalendarClock,
  Check,
  Flag,
  Hourglass,
  ListChecks,
  NotebookText,
  Repeat,
  Trash2,
} from "lucide-react";
import { memo, useEffect, useRef, useState } from "react";
import { TaskEditor } from "@/components/tasks/TaskEditor";
import { Button } from "@/components/ui/button";
import { type DateContext, formatDue, isOverdue } from "@/lib/due";
import { describeRepeat } from "@/lib/repeat";
import { PRIORITIES, type Priority, type Task, type TaskList } from "@/lib/tasks";
import { cn } from "@/lib/utils";
import { useOpenedTask } from "@/stores/openedTaskStore";
import { useTaskStore } from "@/stores/taskStore";

export interface TaskRowProps {
  task: Task;
  lists: readonly TaskList[];
  /** The list and the section, as far as they aren't obvious. */
  place: string;
  dates: DateContext;
  /** The task follows its parent. */
  isIndented: boolean;
}

const FLAG_COLOURS: Record<Priority, string> = {
  high: "text-destructive",
  medium: "text-warning",
  low: "text-primary",
  none: "",
};

/** The duration of the highlight after a change by the assistant. */
const HIGHLIGHT_MS = 2_500;

/** A task with its checkbox, its details, and buttons that edit and delete it. */
export const TaskRow = memo(function TaskRow(props: TaskRowProps) {
  const { task, lists, place, dates } = props;
  const [isEditing, setIsEditing] = useState(false);
  const title = useRef<HTMLButtonElement>(null);
  const changeTask = useTaskStore((state) => state.changeTask);
  const deleteTask = useTaskStore((state) => state.deleteTask);
  const isHighlighted = useIsHighlighted(task.id);
  const isOpened = useOpenedTask((state) => state.taskId === task.id);
  const finishOpening = useOpenedTask((state) => state.finish);
  const isDone = task.completed_at !== null;
  const isNew = task.number === 0;

  useEffect(() => {
    if (!isOpened) return;
    setIsEditing(true); // the editor's field gets the focus, which scrolls to it
    finishOpening();
  }, [isOpened, finishOpening]);

  const endEditing = () => {
    setIsEditing(false);
    requestAnimationFrame(() => title.current?.focus());
  };

  if (isEditing) {
    return (
      <li className="py-1">
        <TaskEditor task={task} lists={lists} dates={dates} onEnd={endEditing} />
      </li>
    );
  }
  return (
    <li
      className={cn(
        "group row-padding flex items-start gap-3 border-b px-1.5 transition-colors hover:bg-accent/50",
        isHighlighted && "bg-primary/12",
        isNew && "opacity-70",
        props.isIndented && "ps-9",
      )}
    >
      <label className="relative mt-0.5 grid h-6 w-6 shrink-0 place-items-center pointer-coarse:-mx-2.5 pointer-coarse:-mt-2 pointer-coarse:-mb-2.5 pointer-coarse:h-11 pointer-coarse:w-11">
        <input
          type="checkbox"
          aria-label={`Done: ${task.title}`}
          checked={isDone}
          disabled={isNew}
          onChange={({ target }) => void changeTask(task.id, { completed: target.checked })}
          className="peer h-5 w-5 cursor-pointer appearance-none rounded-full border-2 border-input checked:border-primary checked:bg-primary hover:border-primary"
        />
        <Check
          aria-hidden
          strokeWidth={3.5}
          className="pointer-events-none absolute h-3 w-3 text-primary-foreground opacity-0 peer-checked:opacity-100"
        />
      </label>
      <div className="min-w-0 flex-1">
        <button
          ref={title}
          type="button"
          disabled={isNew}
          aria-label={`Edit: ${task.title}`}
          onClick={() => setIsEditing(true)}
          dir="auto"
          className={cn(
            "relative block w-full rounded-sm text-start break-words pointer-coarse:after:absolute pointer-coarse:after:inset-x-0 pointer-coarse:after:-inset-y-2.5",
            isDone && "text-muted-foreground line-through",
          )}
        >
          {task.title}
        </button>
        <TaskDetails task={task} place={place} dates={dates} />
      </div>
      <Button
        variant="ghost"
        size="icon"
        disabled={isNew}
        aria-label={`Delete: ${task.title}`}
        onClick={() => void deleteTask(task.id)}
        className="h-8 w-8 text-muted-foreground hover:text-destructive sm:opacity-0 sm:group-focus-within:opacity-100 sm:group-hover:opacity-100"
      >
        <Trash2 aria-hidden className="h-4 w-4" />
      </Button>
    </li>
  );
});

function TaskDetails({ task, place, dates }: Pick<TaskRowProps, "task" | "place" | "dates">) {
  const isLate = task.due !== null && !task.completed_at && isOverdue(task.due, dates.now);
  const priority = PRIORITIES.find(({ value }) => value === task.priority);
  const hasDetails =
    task.due ||
    task.start ||
    task.subtasks.total ||
    task.priority !== "none" ||
    task.reminders.length ||
    place ||
    task.notes ||
    task.tags.length;
  if (!hasDetails) return null;
  return (
    <div className="mt-0.5 flex flex-wrap items-center gap-x-3 gap-y-0.5 text-xs text-muted-foreground">
      {task.due ? (
        <span
          className={cn("inline-flex items-center gap-1", isLate && "font-medium text-destructive")}
        >
          <CalendarClock aria-hidden className="h-3.5 w-3.5" />
          {isLate ? <span className="sr-only">Overdue:</span> : null}
          {formatDue(task.due, dates)}
        </span>
      ) : null}
      {task.start ? (
        <span className="inline-flex items-center gap-1">
          <Hourglass aria-hidden className="h-3.5 w-3.5" />
          from {formatDue(task.start, dates)}
        </span>
      ) : null}
      {task.repeat ? (
        <span className="inline-flex items-center gap-1">
          <Repeat aria-hidden className="h-3.5 w-3.5" />
          <span className="sr-only">Repeats:</span>
          {describeRepeat(task.repeat)}
        </span>
      ) : null}
      {task.reminders.length > 0 ? (
        <span className="inline-flex items-center">
          <Bell aria-hidden className="h-3.5 w-3.5" />
          <span className="sr-only">Has reminders</span>
        </span>
      ) : null}
      {task.subtasks.total > 0 ? (
        <span className="inline-flex items-center gap-1 tabular-nums">
          <ListChecks aria-hidden className="h-3.5 w-3.5" />
          {task.subtasks.total - task.subtasks.open}/{task.subtasks.total}
          <span className="sr-only"> subtasks done</span>
        </span>
      ) : null}
      {priority && task.priority !== "none" ? (
        <span className={cn("inline-flex items-center gap-1", FLAG_COLOURS[task.priority])}>
          <Flag aria-hidden className="h-3.5 w-3.5" />
          {priority.name}
        </span>
      ) : null}
      {place ? <span className="max-w-40 truncate">{place}</span> : null}
      {task.notes ? (
        <span className="inline-flex items-center gap-1">
          <NotebookText aria-hidden className="h-3.5 w-3.5" />
          Notes
        </span>
      ) : null}
      {task.tags.map((tag) => (
        <span key={tag} className="max-w-40 truncate rounded-full bg-muted px-2 py-px">
          {tag}
        </span>
      ))}
    </div>
  );
}

/** Tells whether the assistant has just changed the task. */
function useIsHighlighted(id: string): boolean {
  const highlightedAt = useTaskStore(({ highlighted }) =>
    highlighted?.id === id ? highlighted.at : 0,
  );
  const [isHighlighted, setIsTouched] = useState(false);
  useEffect(() => {
    if (highlightedAt === 0) return;
    setIsTouched(true);
    const timer = setTimeout(() => setIsTouched(false), HIGHLIGHT_MS);
    return () => clearTimeout(timer);
  }, [highlightedAt]);
  return isHighlighted;
}
