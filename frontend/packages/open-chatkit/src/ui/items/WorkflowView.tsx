import { useId, useState } from "preact/hooks";
import type { Task, Workflow } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { Boundary } from "../common/Boundary";
import { useT } from "../context";
import { TaskView } from "./TaskView";
import { workflowTitle } from "./tasks";

export type WorkflowViewProps = {
  workflow: Workflow;
  /** True while tasks may be added: nothing else follows yet. */
  open: boolean;
};

/** Tasks under one heading; expanded as the server specifies until the user toggles it. */
export function WorkflowView({ workflow, open }: WorkflowViewProps) {
  const t = useT();
  const [choice, setChoice] = useState<boolean | null>(null);
  const id = useId();
  const expanded = choice ?? workflow.expanded ?? false;
  const running = open && !workflow.summary;
  const icon =
    workflow.summary && "title" in workflow.summary && workflow.summary.icon
      ? workflow.summary.icon
      : workflow.type === "reasoning"
        ? "lightbulb"
        : "check-circle";
  const title = (
    <>
      {running ? <span class="spinner" /> : <Icon name={icon} size={16} />}
      <span class={running ? "shimmer" : ""} dir="auto">
        {workflowTitle(workflow, running, t)}
      </span>
    </>
  );
  if (workflow.tasks.length === 0) {
    return (
      <div class="workflow" part="workflow">
        <div class="disclosure plain">{title}</div>
      </div>
    );
  }
  return (
    <div class={`workflow ${running ? "running" : ""}`} part="workflow">
      <button
        type="button"
        class="disclosure"
        aria-expanded={expanded}
        aria-controls={id}
        onClick={() => setChoice(!expanded)}
      >
        {title}
        <Icon name="chevron-down" size={16} class={`turner ${expanded ? "open" : ""}`} />
      </button>
      <div id={id} class="workflow-steps" hidden={!expanded}>
        {expanded &&
          workflow.tasks.map((task, index) => (
            <Boundary key={index} of={task} part="task">
              <TaskView task={running ? task : settled(task)} />
            </Boundary>
          ))}
      </div>
    </div>
  );
}

/** A task that was in progress when its workflow ended is never completed. */
function settled(task: Task): Task {
  return task.status_indicator === "loading" ? { ...task, status_indicator: "none" } : task;
}
