import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { Skeleton } from "@/components/ui/skeleton";
import type { Loaded } from "@/hooks/useLoaded";

export interface LoadedListProps<T> {
  state: Loaded<T[]>;
  onRetry: () => void;
  /** The text for an empty list. */
  empty: string;
  children: (items: T[]) => ReactNode;
}

/** A list from the server, with its loading, error and empty states. */
export function LoadedList<T>({ state, onRetry, empty, children }: LoadedListProps<T>) {
  if (state.status === "loading") {
    return (
      <div role="status" className="grid gap-2">
        <span className="sr-only">Loading</span>
        <Skeleton className="h-14" />
        <Skeleton className="h-14" />
      </div>
    );
  }
  if (state.status === "error") {
    return (
      <Notice tone="error">
        {state.problem}{" "}
        <Button variant="link" size="sm" className="h-auto p-0" onClick={onRetry}>
          Try again
        </Button>
      </Notice>
    );
  }
  if (state.value.length === 0) return <p className="text-sm text-muted-foreground">{empty}</p>;
  return <ul className="divide-y rounded-md border">{children(state.value)}</ul>;
}
