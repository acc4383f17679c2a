"use client";

import { ArrowUpDown, Search } from "lucide-react";
import { Input, NativeSelect } from "@/components/ui/input";
import type { Filter, Order, TaskQuery } from "@/lib/taskView";
import { cn } from "@/lib/utils";

export interface FilterBarProps {
  query: TaskQuery;
  counts: Record<Filter, number>;
  onChange: (query: TaskQuery) => void;
}

const FILTERS: readonly { value: Filter; name: string }[] = [
  { value: "open", name: "Open" },
  { value: "today", name: "Today" },
  { value: "upcoming", name: "Upcoming" },
  { value: "overdue", name: "Overdue" },
  { value: "completed", name: "Done" },
];

const ORDERS: readonly { value: Order; name: string }[] = [
  { value: "due", name: "By due date" },
  { value: "priority", name: "By priority" },
  { value: "created", name: "Newest first" },
  { value: "title", name: "By title" },
];

/** Filters, search and sort order of the task panel. */
export function FilterBar({ query, counts, onChange }: FilterBarProps) {
  return (
    <search className="my-4 grid grid-cols-[minmax(0,1fr)] gap-2.5">
      <fieldset className="-mx-4 flex min-w-0 gap-1 overflow-x-auto px-4 pb-1 sm:mx-0 sm:px-0">
        <legend className="sr-only">Show</legend>
        {FILTERS.map(({ value, name }) => (
          <button
            key={value}
            type="button"
            aria-pressed={query.filter === value}
            onClick={() => onChange({ ...query, filter: value })}
            className={cn(
              "h-8 shrink-0 rounded-full border px-3 pointer-coarse:h-11 pointer-coarse:px-4 text-[0.8125rem] font-medium",
              query.filter === value
                ? "border-primary bg-primary text-primary-foreground"
                : "border-transparent bg-muted text-muted-foreground hover:text-foreground",
              value === "overdue" &&
                query.filter !== value &&
                counts.overdue > 0 &&
                "text-destructive",
            )}
          >
            {name}
            {value !== "completed" && counts[value] > 0 ? (
              <span className="ml-1.5 font-normal tabular-nums opacity-80">{counts[value]}</span>
            ) : null}
          </button>
        ))}
      </fieldset>
      <div className="flex gap-2">
        <div className="relative min-w-0 flex-1">
          <Search
            aria-hidden
            className="pointer-events-none absolute top-1/2 left-3 h-4 w-4 -translate-y-1/2 text-muted-foreground"
          />
          <Input
            type="search"
            aria-label="Search tasks"
            placeholder="Search"
            value={query.words}
            onChange={({ target }) => onChange({ ...query, words: target.value })}
            className="h-9 pl-9"
          />
        </div>
        {query.filter === "completed" ? null : (
          <div className="relative shrink-0">
            <ArrowUpDown
              aria-hidden
              className="pointer-events-none absolute top-1/2 left-2.5 h-4 w-4 -translate-y-1/2 text-muted-foreground"
            />
            <NativeSelect
              aria-label="Order"
              value={query.order}
              onChange={({ target }) => onChange({ ...query, order: target.value as Order })}
              className="h-9 w-42 pl-8 sm:w-40 pointer-coarse:w-42"
            >
              {ORDERS.map(({ value, name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </NativeSelect>
          </div>
        )}
      </div>
    </search>
  );
}
