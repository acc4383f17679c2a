"use client";

import { useEffect, useMemo, useState } from "react";
import { NoMatchingTasks, NoTasksYet } from "@/components/tasks/PanelStates";
import { TaskRow } from "@/components/tasks/TaskRow";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import type { DateContext } from "@/lib/due";
import type { Task, TaskList } from "@/lib/tasks";
import { nestSubtasks, type TaskQuery } from "@/lib/taskView";
import { useOpenedTask } from "@/stores/openedTaskStore";
import { useTaskStore } from "@/stores/taskStore";

/** Rows to render at first and with each "Show more". */
const PAGE_SIZE = 100;

export interface TaskItemsProps {
  /** The tasks to show, in order. */
  tasks: readonly Task[];
  query: TaskQuery;
  lists: readonly TaskList[];
  dates: DateContext;
  /** True if the user has no tasks. */
  hasNoTasks: boolean;
  onClear: () => void;
}

/** The rows, or the empty state. */
export function TaskItems(props: TaskItemsProps) {
  const { tasks, query, lists, dates } = props;
  const [limit, setLimit] = useState(PAGE_SIZE);
  const isDone = query.filter === "completed";
  const completed = useCompletedTasks(isDone);
  const sections = useTaskStore((state) => state.sections);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another query starts at the top.
  useEffect(() => setLimit(PAGE_SIZE), [query.filter, query.listId]);

  const openedId = useOpenedTask((state) => state.taskId);
  const rows = useMemo(() => nestSubtasks(tasks), [tasks]);
  const openedAt = rows.findIndex(({ task }) => task.id === openedId);
  useEffect(() => setLimit((shown) => Math.max(shown, openedAt + 1)), [openedAt]);

  if (tasks.length === 0 && !(isDone && completed.isLoading)) {
    if (props.hasNoTasks && !isDone && !query.words) return <NoTasksYet />;
    return (
      <NoMatchingTasks
        filter={query.filter}
        hasWords={query.words !== ""}
        onClear={props.onClear}
      />
    );
  }
  const shownLists = lists.length > 1 && query.listId === null ? lists : [];
  const placeOf = (task: Task) =>
    [
      shownLists.find(({ id }) => id === task.list_id)?.name,
      sections.find(({ id }) => id === task.section_id)?.name,
    ]
      .filter(Boolean)
      .join(" / ");
  return (
    <>
      <ul className="grid grid-cols-[minmax(0,1fr)] gap-px" aria-label="Tasks">
        {rows.slice(0, limit).map(({ task, isSubtask }) => (
          <TaskRow
            key={task.id}
            task={task}
            lists={lists}
            place={placeOf(task)}
            dates={dates}
            isIndented={isSubtask}
          />
        ))}
      </ul>
      {isDone && completed.isLoading ? <Skeleton className="mt-2 h-10" /> : null}
      {tasks.length > limit || (isDone && completed.hasMore) ? (
        <div className="mt-4 text-center">
          <Button
            variant="outline"
            size="sm"
            onClick={() => {
              setLimit(limit + PAGE_SIZE);
              if (isDone && completed.hasMore) completed.load();
            }}
          >
            Show more
          </Button>
        </div>
      ) : null}
    </>
  );
}

/** Loads completed tasks when they are shown for the first time. */
function useCompletedTasks(isShown: boolean) {
  const status = useTaskStore((state) => state.completedStatus);
  const cursor = useTaskStore((state) => state.completedCursor);
  const load = useTaskStore((state) => state.loadCompleted);
  useEffect(() => {
    if (isShown && status === "idle") void load();
  }, [isShown, status, load]);
  return {
    isLoading: status === "loading" || status === "idle",
    hasMore: (status === "loaded" && cursor !== null) || status === "error",
    load: () => void load(),
  };
}
