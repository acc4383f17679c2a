"use client";

import { List, RotateCcw, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { LoadedList } from "@/components/ui/loadedList";
import { useDateContext } from "@/hooks/useDateContext";
import type { Loaded } from "@/hooks/useLoaded";
import { dayOf, daysUntil, formatMoment } from "@/lib/due";
import { messageOf } from "@/lib/problem";
import { getTrash, identify, purge, restoreFromTrash, type TrashItem } from "@/lib/trash";
import { useTaskStore } from "@/stores/taskStore";
import { showError, showInfo } from "@/stores/toastStore";

/** Deleted tasks and lists, until they are deleted for good. */
export function TrashView() {
  const reloadTasks = useTaskStore((state) => state.reload);
  const [state, setState] = useState<Loaded<TrashItem[]>>({ status: "loading" });
  const [cursor, setCursor] = useState<string | null>(null);
  const [purged, setPurged] = useState<TrashItem | "all" | null>(null);

  // Restorations and pages can overlap, so each changes the list as it is when it ends.
  const load = async (after: string | null) => {
    try {
      const page = await getTrash(after);
      setState((current) => {
        const isNext = after !== null && current.status === "ready";
        return { status: "ready", value: isNext ? append(current.value, page.items) : page.items };
      });
      setCursor(page.next_cursor);
    } catch (error) {
      setState({ status: "error", problem: messageOf(error) });
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: loads once; changes are applied here.
  useEffect(() => void load(null), []);

  const items = state.status === "ready" ? state.value : [];
  const remove = (item: TrashItem) =>
    setState((current) =>
      current.status === "ready"
        ? { ...current, value: current.value.filter((each) => each !== item) }
        : current,
    );
  const restore = async (item: TrashItem) => {
    const { id, name } = identify(item);
    try {
      await restoreFromTrash(id);
      remove(item);
      showInfo(`Restored “${name}”`);
      if (item.type === "list") await reloadTasks();
    } catch (error) {
      showError(messageOf(error));
    }
  };
  const deleteForGood = async () => {
    if (purged === null) return;
    try {
      await purge(purged === "all" ? null : identify(purged).id);
      if (purged === "all") await load(null);
      else remove(purged);
    } catch (error) {
      showError(messageOf(error));
    }
    setPurged(null);
  };
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <p className="text-sm text-muted-foreground">
          Deleted tasks and lists stay here for 30 days.
        </p>
        {items.length > 0 ? (
          <Button variant="outline" size="sm" onClick={() => setPurged("all")}>
            Empty trash…
          </Button>
        ) : null}
      </div>
      <LoadedList state={state} onRetry={() => void load(null)} empty="The trash is empty.">
        {(loaded) =>
          loaded.map((item) => (
            <TrashRow
              key={identify(item).id}
              item={item}
              onRestore={() => void restore(item)}
              onPurge={() => setPurged(item)}
            />
          ))
        }
      </LoadedList>
      {cursor ? (
        <div className="mt-4 text-center">
          <Button variant="outline" size="sm" onClick={() => void load(cursor)}>
            Show more
          </Button>
        </div>
      ) : null}
      {purged ? (
        <PurgeDialog
          purged={purged}
          onConfirm={() => void deleteForGood()}
          onClose={() => setPurged(null)}
        />
      ) : null}
    </>
  );
}

/** Adds a page to the list; a second click on "Show more" may load the same one again. */
function append(present: readonly TrashItem[], page: readonly TrashItem[]): TrashItem[] {
  const known = new Set(present.map((item) => identify(item).id));
  return [...present, ...page.filter((item) => !known.has(identify(item).id))];
}

interface TrashRowProps {
  item: TrashItem;
  onRestore: () => void;
  onPurge: () => void;
}

function TrashRow({ item, onRestore, onPurge }: TrashRowProps) {
  const dates = useDateContext();
  const { name } = identify(item);
  const days = daysUntil(dayOf(new Date(item.purged_at), dates.timezone), dates);
  return (
    <li className="flex items-center gap-2 py-2 pr-2 pl-3">
      <div className="min-w-0 flex-1">
        <p dir="auto" className="flex items-center gap-2 break-words">
          {item.type === "list" ? <List aria-hidden className="h-4 w-4 shrink-0" /> : null}
          <span className="min-w-0">{name}</span>
        </p>
        <p className="text-xs text-muted-foreground">
          {item.type === "list"
            ? `List with ${item.tasks} ${item.tasks === 1 ? "task" : "tasks"} · `
            : ""}
          Deleted {formatMoment(item.deleted_at, dates)} ·{" "}
          {days > 0 ? `${days} ${days === 1 ? "day" : "days"} left` : "last day"}
        </p>
      </div>
      <Button
        variant="ghost"
        size="sm"
        className="pointer-coarse:min-w-11"
        aria-label={`Restore: ${name}`}
        onClick={onRestore}
      >
        <RotateCcw aria-hidden className="h-4 w-4" />
        <span className="max-sm:sr-only">Restore</span>
      </Button>
      <Button
        variant="ghost"
        size="icon"
        aria-label={`Delete for good: ${name}`}
        className="h-8 w-8 text-muted-foreground hover:text-destructive"
        onClick={onPurge}
      >
        <Trash2 aria-hidden className="h-4 w-4" />
      </Button>
    </li>
  );
}

interface PurgeDialogProps {
  purged: TrashItem | "all";
  onConfirm: () => void;
  onClose: () => void;
}

function PurgeDialog({ purged, onConfirm, onClose }: PurgeDialogProps) {
  const isAll = purged === "all";
  return (
    <Dialog
      title={isAll ? "Empty trash" : "Delete for good"}
      onClose={onClose}
      className="max-w-sm"
    >
      <div className="grid gap-4 p-5 text-sm">
        <p className="break-words">
          {isAll
            ? "Delete everything in the trash for good?"
            : `Delete “${identify(purged).name}” for good?`}{" "}
          This can’t be undone.
        </p>
        <div className="flex justify-end gap-2">
          <Button variant="ghost" autoFocus onClick={onClose}>
            Cancel
          </Button>
          <Button variant="destructive" onClick={onConfirm}>
            {isAll ? "Empty trash" : "Delete for good"}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
