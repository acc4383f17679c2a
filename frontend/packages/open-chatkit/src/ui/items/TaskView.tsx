import { useEffect } from "preact/hooks";
import type { SearchTask, Task } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { NotShown } from "../common/Boundary";
import { useT, useUi } from "../context";
import { Markdown } from "../markdown/Markdown";
import { SourceRows } from "./Sources";
import { taskIcon, taskTitle } from "./tasks";

function Status({ task }: { task: Task }) {
  if (task.status_indicator === "loading") return <span class="spinner" />;
  if (task.status_indicator === "complete") return <Icon name="check" size={14} />;
  return <Icon name={taskIcon(task)} size={14} />;
}

function Details({ task }: { task: Task }) {
  if ((task.type === "custom" || task.type === "thought") && task.content) {
    return (
      <Markdown text={task.content} streaming={task.status_indicator === "loading"} class="quiet" />
    );
  }
  const sources = task.type === "web_search" || task.type === "file" ? (task.sources ?? []) : [];
  const queries =
    task.type === "web_search"
      ? (task.queries ?? []).filter((each) => each !== shownQuery(task))
      : [];
  return (
    <>
      {queries.length > 0 && (
        <ul class="queries">
          {queries.map((query) => (
            <li key={query} dir="auto">
              <Icon name="search" size={12} />
              {query}
            </li>
          ))}
        </ul>
      )}
      {sources.length > 0 && (
        <SourceRows sources={sources.map((source) => ({ number: 0, source }))} />
      )}
    </>
  );
}

/** The query that is the task's title already. */
const shownQuery = (task: SearchTask): string | null =>
  task.title ? null : (task.title_query ?? null);

function UnknownTask({ raw }: { raw: unknown }) {
  const ui = useUi();
  useEffect(() => ui.emit("chatkit.log", { name: "task.unknown", data: { task: raw } }), [ui, raw]);
  return <NotShown />;
}

/** One task, alone or in a workflow. */
export function TaskView({ task }: { task: Task }) {
  const t = useT();
  if (task.type === "unknown") return <UnknownTask raw={task.raw} />;
  const title = taskTitle(task, t);
  return (
    <div class={`task ${task.status_indicator ?? "none"}`} part="task">
      <span class="task-status">
        <Status task={task} />
      </span>
      <div class="task-body">
        {title && (
          <div class="task-title" dir="auto">
            {title}
          </div>
        )}
        <Details task={task} />
      </div>
    </div>
  );
}
