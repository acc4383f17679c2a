"use client";

import { useEffect, useMemo, useState } from "react";
import { AddTask } from "@/components/tasks/AddTask";
import { FilterBar } from "@/components/tasks/FilterBar";
import { ListNav } from "@/components/tasks/ListNav";
import { OpenSubtasksDialog } from "@/components/tasks/OpenSubtasksDialog";
import { PanelError, PanelSkeleton } from "@/components/tasks/PanelStates";
import { TaskItems } from "@/components/tasks/TaskItems";
import { useDateContext } from "@/hooks/useDateContext";
import { useTaskLinks } from "@/hooks/useTaskLinks";
import {
  applyPatches,
  countByFilter,
  countByList,
  type TaskQuery,
  visibleTasks,
} from "@/lib/taskView";
import { useAuthStore } from "@/stores/authStore";
import { useTaskStore } from "@/stores/taskStore";

const ALL: TaskQuery = { filter: "open", listId: null, words: "", order: "due" };

/** The signed-in user's tasks, updated live. */
export function TaskPanel() {
  const userId = useAuthStore((state) => state.user?.id);
  const follow = useTaskStore((state) => state.follow);
  const status = useTaskStore((state) => state.status);
  const lists = useTaskStore((state) => state.lists);
  const stored = useTaskStore((state) => state.tasks);
  const patches = useTaskStore((state) => state.patches);
  const isLive = useTaskStore((state) => state.isLive);
  const dates = useDateContext();
  const [query, setQuery] = useState(ALL);

  useTaskLinks(() => setQuery(ALL));

  // biome-ignore lint/correctness/useExhaustiveDependencies: another user has another feed.
  useEffect(() => follow(), [follow, userId]);

  const tasks = useMemo(() => Object.values(applyPatches(stored, patches)), [stored, patches]);
  // The selected list may have been deleted.
  const listId = lists.some(({ id }) => id === query.listId) ? query.listId : null;
  const shown = useMemo(
    () => visibleTasks(tasks, { ...query, listId }, dates),
    [tasks, query, listId, dates],
  );
  const counts = useMemo(() => countByFilter(tasks, listId, dates), [tasks, listId, dates]);
  const list = lists.find(({ id }) => id === listId);

  return (
    <div className="mx-auto grid max-w-5xl gap-x-8 gap-y-4 px-4 py-5 pb-28 lg:grid-cols-[13rem_minmax(0,1fr)] lg:py-8">
      <ListNav
        lists={lists}
        counts={countByList(tasks)}
        total={tasks.filter((task) => !task.completed_at).length}
        listId={listId}
        onSelect={(id) => setQuery({ ...query, listId: id })}
      />
      <main className="min-w-0">
        <div className="mb-3 flex min-h-8 items-baseline justify-between gap-4">
          <h1 className="truncate text-xl font-semibold tracking-tight">
            {list?.name ?? "All tasks"}
          </h1>
          <p role="status" className="text-xs text-muted-foreground">
            {isLive ? "" : "Disconnected. Reconnecting…"}
          </p>
        </div>
        {status === "error" ? (
          <PanelError />
        ) : status === "loading" ? (
          <PanelSkeleton />
        ) : (
          <>
            <AddTask listId={listId} dates={dates} />
            {tasks.length > 0 || query.filter !== "open" || query.words ? (
              <FilterBar query={query} counts={counts} onChange={setQuery} />
            ) : null}
            <TaskItems
              tasks={shown}
              query={{ ...query, listId }}
              lists={lists}
              dates={dates}
              hasNoTasks={tasks.length === 0}
              onClear={() => setQuery(ALL)}
            />
          </>
        )}
      </main>
      <OpenSubtasksDialog />
    </div>
  );
}
