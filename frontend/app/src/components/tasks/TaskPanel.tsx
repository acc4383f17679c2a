"use client";

import { useEffect, useMemo, useState } from "react";
import { AddTask } from "@/components/tasks/AddTask";
import { FilterBar } from "@/components/tasks/FilterBar";
import { ListNav } from "@/components/tasks/ListNav";
import { PanelProblem, PanelSkeleton } from "@/components/tasks/PanelStates";
import { TaskItems } from "@/components/tasks/TaskItems";
import { useReading } from "@/hooks/useReading";
import { type Choice, countByFilter, countByList, visibleTasks, withPatches } from "@/lib/taskView";
import { useAuthStore } from "@/stores/authStore";
import { useTaskStore } from "@/stores/taskStore";

const ALL: Choice = { filter: "open", listId: null, words: "", order: "due" };

/** The tasks of whoever is signed in, as they change. */
export function TaskPanel() {
  const userId = useAuthStore((state) => state.user?.id);
  const follow = useTaskStore((state) => state.follow);
  const status = useTaskStore((state) => state.status);
  const lists = useTaskStore((state) => state.lists);
  const stored = useTaskStore((state) => state.tasks);
  const patches = useTaskStore((state) => state.patches);
  const isLive = useTaskStore((state) => state.isLive);
  const reading = useReading();
  const [choice, setChoice] = useState(ALL);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another person has another feed.
  useEffect(() => follow(), [follow, userId]);

  const tasks = useMemo(() => Object.values(withPatches(stored, patches)), [stored, patches]);
  // A list may be deleted while it is shown.
  const listId = lists.some(({ id }) => id === choice.listId) ? choice.listId : null;
  const shown = useMemo(
    () => visibleTasks(tasks, { ...choice, listId }, reading),
    [tasks, choice, listId, reading],
  );
  const counts = useMemo(() => countByFilter(tasks, listId, reading), [tasks, listId, reading]);
  const list = lists.find(({ id }) => id === listId);

  return (
    <div className="mx-auto grid max-w-5xl gap-x-8 gap-y-4 px-4 py-5 pb-28 lg:grid-cols-[13rem_minmax(0,1fr)] lg:py-8">
      <ListNav
        lists={lists}
        counts={countByList(tasks)}
        total={tasks.filter((task) => !task.completed_at).length}
        listId={listId}
        onSelect={(id) => setChoice({ ...choice, listId: id })}
      />
      <main className="min-w-0">
        <div className="mb-3 flex min-h-8 items-baseline justify-between gap-4">
          <h1 className="truncate text-xl font-semibold tracking-tight">
            {list?.name ?? "All tasks"}
          </h1>
          <p role="status" className="text-xs text-muted-foreground">
            {isLive ? "" : "Not connected. Trying again…"}
          </p>
        </div>
        {status === "error" ? (
          <PanelProblem />
        ) : status === "loading" ? (
          <PanelSkeleton />
        ) : (
          <>
            <AddTask listId={listId} reading={reading} />
            {tasks.length > 0 || choice.filter !== "open" || choice.words ? (
              <FilterBar choice={choice} counts={counts} onChange={setChoice} />
            ) : null}
            <TaskItems
              tasks={shown}
              choice={{ ...choice, listId }}
              lists={lists}
              reading={reading}
              isFirstTime={tasks.length === 0}
              onClear={() => setChoice(ALL)}
            />
          </>
        )}
      </main>
    </div>
  );
}
