"use client";

import { CloudOff, MessageCircle, SearchX, Sparkles, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { TODO_TEXTS } from "@/lib/siteTexts";
import type { Filter } from "@/lib/taskView";
import { useChatWindow } from "@/stores/chatWindowStore";
import { useSiteTexts } from "@/stores/siteTextsStore";
import { useTaskStore } from "@/stores/taskStore";

/** A placeholder for the tasks while they load. */
export function PanelSkeleton() {
  return (
    <div role="status" className="grid gap-3">
      <span className="sr-only">Loading your tasks</span>
      <Skeleton className="h-12" />
      <Skeleton className="h-8 w-4/5" />
      {["w-3/5", "w-4/5", "w-2/5", "w-3/4"].map((width) => (
        <div key={width} className="flex items-center gap-3 py-2">
          <Skeleton className="h-5 w-5 rounded-full" />
          <Skeleton className={`h-4 ${width}`} />
        </div>
      ))}
    </div>
  );
}

/** The error state of the task panel. */
export function PanelError() {
  const problem = useTaskStore((state) => state.problem);
  const reload = useTaskStore((state) => state.reload);
  return (
    <Placeholder icon={<CloudOff aria-hidden />} title="Couldn’t load your tasks" isAlert>
      <p>{problem} This page retries automatically.</p>
      <Button variant="outline" size="sm" onClick={() => void reload()}>
        Retry now
      </Button>
    </Placeholder>
  );
}

/** The panel of a user without tasks, with examples. */
export function NoTasksYet() {
  const open = useChatWindow((state) => state.open);
  const { examples } = useSiteTexts() ?? TODO_TEXTS;
  return (
    <Placeholder icon={<Sparkles aria-hidden />} title="No tasks yet">
      <p>Add your first task above, or ask the assistant:</p>
      <div className="grid w-full gap-2">
        {examples.map((text) => (
          <Button
            key={text}
            variant="outline"
            className="h-auto min-h-10 justify-start py-2 text-left font-normal whitespace-normal text-foreground"
            onClick={() => open(text)}
          >
            <MessageCircle aria-hidden className="h-4 w-4 text-primary" />
            {text}
          </Button>
        ))}
      </div>
    </Placeholder>
  );
}

const EMPTY_TITLES: Record<Filter, string> = {
  open: "No open tasks",
  today: "No tasks due today",
  upcoming: "No upcoming tasks",
  overdue: "No overdue tasks",
  completed: "No completed tasks",
};

/** The panel if no task matches. */
export function NoMatchingTasks(props: { filter: Filter; hasWords: boolean; onClear: () => void }) {
  return (
    <Placeholder
      icon={props.hasWords ? <SearchX aria-hidden /> : <Sun aria-hidden />}
      title={props.hasWords ? "No matching tasks" : EMPTY_TITLES[props.filter]}
    >
      <Button variant="link" size="sm" onClick={props.onClear}>
        Show all open tasks
      </Button>
    </Placeholder>
  );
}

function Placeholder(props: {
  icon: ReactNode;
  title: string;
  isAlert?: boolean;
  children: ReactNode;
}) {
  return (
    <div
      role={props.isAlert ? "alert" : undefined}
      className="mx-auto grid max-w-sm justify-items-center gap-3 py-12 text-center text-sm text-muted-foreground [&>svg]:h-9 [&>svg]:w-9 [&>svg]:text-primary"
    >
      {props.icon}
      <h2 className="text-base font-semibold text-foreground">{props.title}</h2>
      {props.children}
    </div>
  );
}
