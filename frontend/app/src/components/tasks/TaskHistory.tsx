"use client";

import { useCallback, useState } from "react";
import { Button } from "@/components/ui/button";
import { LoadedList } from "@/components/ui/loadedList";
import { useLoaded } from "@/hooks/useLoaded";
import { type DateContext, formatMoment } from "@/lib/due";
import { type ChangeEntry, describeChange, getTaskHistory, postUndo } from "@/lib/history";
import { messageOf } from "@/lib/problem";
import { showError } from "@/stores/toastStore";

export interface TaskHistoryProps {
  taskId: string;
  dates: DateContext;
  /** A change was undone, so the task has other values. */
  onUndone: () => void;
}

/** The changes of a task, newest first, each with an Undo. */
export function TaskHistory({ taskId, dates, onUndone }: TaskHistoryProps) {
  const load = useCallback(() => getTaskHistory(taskId), [taskId]);
  const [entries, reload] = useLoaded(load);
  const [isBusy, setIsBusy] = useState(false);

  const undo = async (entry: ChangeEntry) => {
    setIsBusy(true);
    try {
      await postUndo({ change_id: entry.id });
      onUndone();
    } catch (error) {
      showError(messageOf(error));
      await reload();
    }
    setIsBusy(false);
  };
  return (
    <LoadedList state={entries} onRetry={() => void reload()} empty="No changes yet">
      {(items) =>
        items.map((entry) => {
          const text = describeChange(entry, dates);
          return (
            <li key={entry.id} className="flex min-h-11 items-center gap-3 px-3 py-1.5 text-sm">
              <p className="min-w-0 flex-1 break-words">
                {text}{" "}
                <span className="text-xs whitespace-nowrap text-muted-foreground">
                  {formatMoment(entry.occurred_at, dates)}
                  {entry.undone ? " · undone" : ""}
                </span>
              </p>
              {entry.undone ? null : (
                <Button
                  variant="ghost"
                  size="sm"
                  aria-label={`Undo: ${text}`}
                  aria-disabled={isBusy}
                  onClick={() => isBusy || void undo(entry)}
                >
                  Undo
                </Button>
              )}
            </li>
          );
        })
      }
    </LoadedList>
  );
}
