"use client";

import { CalendarDays, ChevronRight, Layers, Pencil, Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";
import { ListDialog } from "@/components/tasks/ListDialog";
import { ListIcon } from "@/components/tasks/listLook";
import { Button } from "@/components/ui/button";
import { useShownInRow } from "@/hooks/useShownInRow";
import { openView, type View } from "@/hooks/useView";
import type { TaskList } from "@/lib/tasks";
import { cn } from "@/lib/utils";

export interface ListNavProps {
  lists: readonly TaskList[];
  archivedLists: readonly TaskList[];
  /** Number of open tasks by list. */
  counts: Readonly<Record<string, number>>;
  /** Number of open tasks in all lists. */
  total: number;
  view: View;
  listId: string | null;
  onSelect: (listId: string | null) => void;
}

/** The lists and the other views: a column on wide screens, a scrollable row on phones. */
export function ListNav(props: ListNavProps) {
  const { lists, archivedLists, counts, listId, view } = props;
  const [dialog, setDialog] = useState<{ listId: string | null } | null>(null);
  const [isArchiveOpen, setIsArchiveOpen] = useState(false);
  const all = [...lists, ...archivedLists];
  const edited = all.find(({ id }) => id === dialog?.listId) ?? null;
  const current = all.find(({ id }) => id === listId) ?? null;
  const select = (id: string | null) => {
    props.onSelect(id);
    openView("tasks");
  };
  const listButton = (list: TaskList) => (
    <NavButton
      key={list.id}
      icon={<ListIcon list={list} />}
      name={list.name}
      count={counts[list.id] ?? 0}
      isCurrent={view === "tasks" && listId === list.id}
      onClick={() => select(list.id)}
    />
  );
  return (
    <nav aria-label="Lists" className="min-w-0">
      <div className="-mx-4 flex items-center gap-1 overflow-x-auto px-4 pb-1 lg:mx-0 lg:flex-col lg:items-stretch lg:px-0">
        <NavButton
          icon={<Layers aria-hidden />}
          name="All tasks"
          count={props.total}
          isCurrent={view === "tasks" && listId === null}
          onClick={() => select(null)}
        />
        <NavButton
          icon={<CalendarDays aria-hidden />}
          name="Calendar"
          isCurrent={view === "calendar"}
          onClick={() => openView("calendar")}
        />
        {lists.map(listButton)}
        <Button
          variant="ghost"
          size="sm"
          className="justify-start text-muted-foreground"
          onClick={() => setDialog({ listId: null })}
        >
          <Plus aria-hidden className="h-4 w-4" />
          New list
        </Button>
        {current && view === "tasks" ? (
          <Button
            variant="ghost"
            size="sm"
            className="justify-start text-muted-foreground"
            onClick={() => setDialog({ listId: current.id })}
          >
            <Pencil aria-hidden className="h-4 w-4" />
            Edit list
          </Button>
        ) : null}
        {archivedLists.length > 0 ? (
          <>
            <button
              type="button"
              aria-expanded={isArchiveOpen}
              onClick={() => setIsArchiveOpen(!isArchiveOpen)}
              className="flex h-9 shrink-0 items-center gap-2 rounded-md px-3 text-sm text-muted-foreground hover:bg-accent/60 hover:text-foreground lg:mt-2 pointer-coarse:h-11"
            >
              <ChevronRight
                aria-hidden
                className={cn("h-4 w-4 transition-transform", isArchiveOpen && "rotate-90")}
              />
              Archived
              <span className="ml-auto pl-1 text-xs tabular-nums">{archivedLists.length}</span>
            </button>
            {isArchiveOpen ? archivedLists.map(listButton) : null}
          </>
        ) : null}
        <NavButton
          icon={<Trash2 aria-hidden />}
          name="Trash"
          isCurrent={view === "trash"}
          onClick={() => openView("trash")}
        />
      </div>
      {dialog && (edited || dialog.listId === null) ? (
        <ListDialog
          list={edited}
          onClose={() => setDialog(null)}
          onCreated={(list) => select(list.id)}
        />
      ) : null}
    </nav>
  );
}

interface NavButtonProps {
  icon: ReactNode;
  name: string;
  /** Number of open tasks; not shown if 0. */
  count?: number;
  isCurrent: boolean;
  onClick: () => void;
}

function NavButton({ icon, name, count = 0, isCurrent, onClick }: NavButtonProps) {
  const ref = useShownInRow<HTMLButtonElement>(isCurrent);
  return (
    <button
      ref={ref}
      type="button"
      aria-current={isCurrent ? "true" : undefined}
      onClick={onClick}
      className={cn(
        "flex h-9 max-w-52 shrink-0 pointer-coarse:h-11 items-center gap-2 rounded-md px-3 text-sm [&_svg]:h-4 [&_svg]:w-4 [&_svg]:shrink-0",
        isCurrent
          ? "bg-accent font-medium text-accent-foreground"
          : "text-muted-foreground hover:bg-accent/60 hover:text-foreground",
      )}
    >
      {icon}
      <span className="truncate">{name}</span>
      {count > 0 ? (
        <span className="ml-auto pl-1 text-xs tabular-nums">
          {count}
          <span className="sr-only"> open</span>
        </span>
      ) : null}
    </button>
  );
}
