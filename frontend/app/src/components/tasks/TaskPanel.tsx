"use client";

import dynamic from "next/dynamic";
import { useEffect, useMemo, useState } from "react";
import { AddTask } from "@/components/tasks/AddTask";
import { FilterBar } from "@/components/tasks/FilterBar";
import { ListNav } from "@/components/tasks/ListNav";
import { OpenSubtasksDialog } from "@/components/tasks/OpenSubtasksDialog";
import { PanelError, PanelSkeleton } from "@/components/tasks/PanelStates";
import { TaskItems } from "@/components/tasks/TaskItems";
import { Notice } from "@/components/ui/notice";
import { useDateContext } from "@/hooks/useDateContext";
import { useTaskLinks } from "@/hooks/useTaskLinks";
import { openView, useView } from "@/hooks/useView";
import {
  applyPatches,
  countByFilter,
  countByList,
  type TaskQuery,
  visibleTasks,
} from "@/lib/taskView";
import { useAuthStore } from "@/stores/authStore";
import { useTaskStore } from "@/stores/taskStore";

const CalendarView = dynamic(
  () => import("@/components/calendar/CalendarView").then((module) => module.CalendarView),
  { loading: PanelSkeleton },
);
const TrashView = dynamic(
  () => import("@/components/trash/TrashView").then((module) => module.TrashView),
  { loading: PanelSkeleton },
);

const HEADINGS = { calendar: "Calendar", trash: "Trash" };
const ALL: TaskQuery = { filter: "open", listId: null, words: "", order: "due" };

/** The signed-in user's tasks, updated live. */
export function TaskPanel() {
  const userId = useAuthStore((state) => state.user?.id);
  const follow = useTaskStore((state) => state.follow);
  const status = useTaskStore((state) => state.status);
  const lists = useTaskStore((state) => state.lists);
  const archivedLists = useTaskStore((state) => state.archivedLists);
  const stored = useTaskStore((state) => state.tasks);
  const patches = useTaskStore((state) => state.patches);
  const isLive = useTaskStore((state) => state.isLive);
  const dates = useDateContext();
  const [query, setQuery] = useState(ALL);

  const view = useView();

  const showList = (listId: string | null) => {
    setQuery({ ...ALL, listId });
    openView("tasks");
  };
  useTaskLinks(
    ({ list_id }) => showList(archivedLists.some(({ id }) => id === list_id) ? list_id : null),
    showList,
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: another user has another feed.
  useEffect(() => follow(), [follow, userId]);

  const all = useMemo(() => Object.values(applyPatches(stored, patches)), [stored, patches]);
  // The selected list may have been deleted.
  const list = [...lists, ...archivedLists].find(({ id }) => id === query.listId);
  const listId = list?.id ?? null;
  const tasks = useMemo(() => {
    const hidden = new Set(archivedLists.map(({ id }) => id));
    return all.filter((task) => task.list_id === listId || !hidden.has(task.list_id));
  }, [all, archivedLists, listId]);
  const shown = useMemo(
    () => visibleTasks(tasks, { ...query, listId }, dates),
    [tasks, query, listId, dates],
  );
  const openByList = useMemo(() => countByList(all), [all]);
  const counts = useMemo(() => countByFilter(tasks, listId, dates), [tasks, listId, dates]);

  return (
    <div className="mx-auto grid max-w-5xl gap-x-8 gap-y-4 px-4 py-5 pb-28 lg:grid-cols-[13rem_minmax(0,1fr)] lg:py-8">
      <ListNav
        lists={lists}
        archivedLists={archivedLists}
        counts={openByList}
        total={lists.reduce((sum, { id }) => sum + (openByList[id] ?? 0), 0)}
        view={view}
        listId={listId}
        onSelect={(id) => setQuery({ ...query, listId: id })}
      />
      <main className="min-w-0">
        <div className="mb-3 flex min-h-8 items-baseline justify-between gap-4">
          <h1 className="truncate text-xl font-semibold tracking-tight">
            {view === "tasks" ? (list?.name ?? "All tasks") : HEADINGS[view]}
          </h1>
          <p role="status" className="text-xs text-muted-foreground">
            {isLive ? "" : "Disconnected. Reconnecting…"}
          </p>
        </div>
        {status === "error" ? (
          <PanelError />
        ) : status === "loading" ? (
          <PanelSkeleton />
        ) : view === "calendar" ? (
          <CalendarView tasks={tasks} dates={dates} />
        ) : view === "trash" ? (
          <TrashView />
        ) : (
          <>
            {list?.archived_at ? (
              <Notice className="mb-3">
                This list is archived: its tasks are hidden elsewhere.
              </Notice>
            ) : null}
            <AddTask listId={listId} dates={dates} />
            {tasks.length > 0 || query.filter !== "open" || query.words ? (
              <FilterBar query={query} counts={counts} onChange={setQuery} />
            ) : null}
            <TaskItems
              tasks={shown}
              query={{ ...query, listId }}
              lists={list?.archived_at ? [...lists, list] : lists}
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
