"use client";

import { useEffect, useState } from "react";
import { FirstTasks, NothingHere } from "@/components/tasks/PanelStates";
import { TaskRow } from "@/components/tasks/TaskRow";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import type { Reading } from "@/lib/due";
import type { Task, TaskList } from "@/lib/tasks";
import type { Choice } from "@/lib/taskView";
import { useTaskStore } from "@/stores/taskStore";

/** More rows than this are drawn on demand. */
const STEP = 100;

export interface TaskItemsProps {
  /** Those to show, in order. */
  tasks: readonly Task[];
  choice: Choice;
  lists: readonly TaskList[];
  reading: Reading;
  /** There is no task at all. */
  isFirstTime: boolean;
  onClear: () => void;
}

/** The rows, or what to do when there are none. */
export function TaskItems(props: TaskItemsProps) {
  const { tasks, choice, lists, reading } = props;
  const [limit, setLimit] = useState(STEP);
  const isDone = choice.filter === "completed";
  const more = useCompleted(isDone);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice starts at its top.
  useEffect(() => setLimit(STEP), [choice.filter, choice.listId]);

  if (tasks.length === 0 && !(isDone && more.isLoading)) {
    if (props.isFirstTime && !isDone && !choice.words) return <FirstTasks />;
    return (
      <NothingHere filter={choice.filter} hasWords={choice.words !== ""} onClear={props.onClear} />
    );
  }
  const names = lists.length > 1 && choice.listId === null ? lists : [];
  return (
    <>
      <ul className="grid grid-cols-[minmax(0,1fr)] gap-px" aria-label="Tasks">
        {tasks.slice(0, limit).map((task) => (
          <TaskRow
            key={task.id}
            task={task}
            lists={lists}
            listName={names.find(({ id }) => id === task.list_id)?.name ?? null}
            reading={reading}
          />
        ))}
      </ul>
      {isDone && more.isLoading ? <Skeleton className="mt-2 h-10" /> : null}
      {tasks.length > limit || (isDone && more.hasMore) ? (
        <div className="mt-4 text-center">
          <Button
            variant="outline"
            size="sm"
            onClick={() => {
              setLimit(limit + STEP);
              if (isDone && more.hasMore) more.load();
            }}
          >
            Show more
          </Button>
        </div>
      ) : null}
    </>
  );
}

/** The tasks that are done are loaded when somebody wants to see them. */
function useCompleted(isWanted: boolean) {
  const status = useTaskStore((state) => state.completedStatus);
  const cursor = useTaskStore((state) => state.completedCursor);
  const load = useTaskStore((state) => state.loadCompleted);
  useEffect(() => {
    if (isWanted && status === "idle") void load();
  }, [isWanted, status, load]);
  return {
    isLoading: status === "loading" || status === "idle",
    hasMore: (status === "loaded" && cursor !== null) || status === "error",
    load: () => void load(),
  };
}
