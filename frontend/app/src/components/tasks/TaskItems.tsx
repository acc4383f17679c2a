"use client";

import { useEffect, useMemo, useState } from "react";
import { NoMatchingTasks, NoTasksYet } from "@/components/tasks/PanelStates";
import { TaskRow } from "@/components/tasks/TaskRow";
import { TaskSection } from "@/components/tasks/TaskSection";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import type { DateContext } from "@/lib/due";
import type { Task, TaskList } from "@/lib/tasks";
import {
  firstRows,
  groupBySection,
  nestSubtasks,
  type ShownTask,
  type TaskQuery,
} from "@/lib/taskView";
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

/** The rows, under headings if a list has sections, or the empty state. */
export function TaskItems(props: TaskItemsProps) {
  const { tasks, query, lists, dates } = props;
  const isDone = query.filter === "completed";
  const completed = useCompletedTasks(isDone);
  const sections = useTaskStore((state) => state.sections);
  const { isGrouped, shown, closed, toggle, hasMore, showMore } = useGroups(tasks, query);

  if (shown.length === 0 && !(isDone && completed.isLoading)) {
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
  const shownSections = isGrouped ? [] : sections;
  const placeOf = (task: Task) =>
    [
      shownLists.find(({ id }) => id === task.list_id)?.name,
      shownSections.find(({ id }) => id === task.section_id)?.name,
    ]
      .filter(Boolean)
      .join(" / ");
  const rowProps = { lists, dates, placeOf };
  return (
    <>
      {shown.map(({ section, count, rows }) =>
        section ? (
          <TaskSection
            key={section.id}
            section={section}
            count={count}
            isOpen={!closed.has(section.id)}
            onToggle={() => toggle(section.id)}
            dates={dates}
          >
            <TaskRows label={`Tasks in ${section.name}`} rows={rows} {...rowProps} />
          </TaskSection>
        ) : (
          <TaskRows key="none" label="Tasks" rows={rows} {...rowProps} />
        ),
      )}
      {isDone && completed.isLoading ? <Skeleton className="mt-2 h-10" /> : null}
      {hasMore || (isDone && completed.hasMore) ? (
        <div className="mt-4 text-center">
          <Button
            variant="outline"
            size="sm"
            onClick={() => {
              showMore();
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

interface TaskRowsProps extends Pick<TaskItemsProps, "lists" | "dates"> {
  label: string;
  rows: readonly ShownTask[];
  placeOf: (task: Task) => string;
}

function TaskRows({ label, rows, lists, dates, placeOf }: TaskRowsProps) {
  if (rows.length === 0) return null;
  return (
    <ul className="grid grid-cols-[minmax(0,1fr)] gap-px" aria-label={label}>
      {rows.map(({ task, isSubtask }) => (
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
  );
}

/** Groups the tasks of a list by section, and limits the rendered rows. */
function useGroups(tasks: readonly Task[], { filter, listId, words }: TaskQuery) {
  const sections = useTaskStore((state) => state.sections);
  const [limit, setLimit] = useState(PAGE_SIZE);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());

  // biome-ignore lint/correctness/useExhaustiveDependencies: another query starts at the top.
  useEffect(() => setLimit(PAGE_SIZE), [filter, listId]);

  // Completed tasks come page by page, in the order of their completion.
  const isGrouped = listId !== null && filter !== "completed";
  const isFiltered = filter !== "open" || words !== "";
  const groups = useMemo(() => {
    const headings = sections.filter(({ list_id }) => isGrouped && list_id === listId);
    return groupBySection(nestSubtasks(tasks), headings).filter(
      ({ section, count }) => count > 0 || (section && !isFiltered),
    );
  }, [tasks, sections, isGrouped, isFiltered, listId]);
  const rows = firstRows(groups, closed, Number.POSITIVE_INFINITY).flatMap((group) => group.rows);

  const openedId = useOpenedTask((state) => state.taskId);
  const openedAt = rows.findIndex(({ task }) => task.id === openedId);
  useEffect(() => setLimit((shown) => Math.max(shown, openedAt + 1)), [openedAt]);
  useEffect(() => {
    if (openedId) setClosed(new Set()); // its section may be closed
  }, [openedId]);

  return {
    isGrouped,
    shown: firstRows(groups, closed, limit),
    hasMore: rows.length > limit,
    showMore: () => setLimit(limit + PAGE_SIZE),
    closed,
    toggle: (id: string) => {
      const next = new Set(closed);
      if (!next.delete(id)) next.add(id);
      setClosed(next);
    },
  };
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
