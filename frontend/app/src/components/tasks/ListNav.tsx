"use client";

import { Inbox, Layers, List, Plus } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";
import { ListDialog } from "@/components/tasks/ListDialog";
import { Button } from "@/components/ui/button";
import type { TaskList } from "@/lib/tasks";
import { cn } from "@/lib/utils";

export interface ListNavProps {
  lists: readonly TaskList[];
  /** Number of open tasks by list. */
  counts: Readonly<Record<string, number>>;
  /** Number of open tasks in all lists. */
  total: number;
  listId: string | null;
  onSelect: (listId: string | null) => void;
}

/** The lists: a column on wide screens, a scrollable row on phones. */
export function ListNav({ lists, counts, total, listId, onSelect }: ListNavProps) {
  const [dialog, setDialog] = useState<{ list: TaskList | null } | null>(null);
  const current = lists.find(({ id }) => id === listId) ?? null;
  return (
    <nav aria-label="Lists" className="min-w-0">
      <div className="-mx-4 flex items-center gap-1 overflow-x-auto px-4 pb-1 lg:mx-0 lg:flex-col lg:items-stretch lg:px-0">
        <ListButton
          icon={<Layers aria-hidden />}
          name="All tasks"
          count={total}
          isCurrent={listId === null}
          onClick={() => onSelect(null)}
        />
        {lists.map((list) => (
          <ListButton
            key={list.id}
            icon={list.is_default ? <Inbox aria-hidden /> : <List aria-hidden />}
            name={list.name}
            count={counts[list.id] ?? 0}
            isCurrent={listId === list.id}
            onClick={() => onSelect(list.id)}
          />
        ))}
        <Button
          variant="ghost"
          size="sm"
          className="justify-start text-muted-foreground"
          onClick={() => setDialog({ list: null })}
        >
          <Plus aria-hidden className="h-4 w-4" />
          New list
        </Button>
        {current ? (
          <Button
            variant="ghost"
            size="sm"
            className="justify-start text-muted-foreground"
            onClick={() => setDialog({ list: current })}
          >
            Edit list
          </Button>
        ) : null}
      </div>
      {dialog ? (
        <ListDialog
          list={dialog.list}
          onClose={() => setDialog(null)}
          onCreated={(list) => onSelect(list.id)}
        />
      ) : null}
    </nav>
  );
}

function ListButton(props: {
  icon: ReactNode;
  name: string;
  count: number;
  isCurrent: boolean;
  onClick: () => void;
}) {
  return (
    <button
      type="button"
      aria-current={props.isCurrent ? "true" : undefined}
      onClick={props.onClick}
      className={cn(
        "flex h-9 max-w-52 shrink-0 pointer-coarse:h-11 items-center gap-2 rounded-md px-3 text-sm [&_svg]:h-4 [&_svg]:w-4 [&_svg]:shrink-0",
        props.isCurrent
          ? "bg-accent font-medium text-accent-foreground"
          : "text-muted-foreground hover:bg-accent/60 hover:text-foreground",
      )}
    >
      {props.icon}
      <span className="truncate">{props.name}</span>
      {props.count > 0 ? (
        <span className="ml-auto pl-1 text-xs tabular-nums">
          {props.count}
          <span className="sr-only"> open</span>
        </span>
      ) : null}
    </button>
  );
}
