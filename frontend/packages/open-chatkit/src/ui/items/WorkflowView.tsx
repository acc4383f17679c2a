import { useId, useState } from "preact/hooks";
import type { Workflow } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { Boundary } from "../common/Boundary";
import { useT } from "../context";
import { TaskView } from "./TaskView";
import { workflowTitle } from "./tasks";

export type WorkflowViewProps = {
  workflow: Workflow;
  /** True while tasks may be added. */
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
  return (
    <div class={`workflow ${running ? "running" : ""}`} part="workflow">
      <button
        type="button"
        class="disclosure"
        aria-expanded={expanded}
        aria-controls={id}
        onClick={() => setChoice(!expanded)}
      >
        {running ? <span class="spinner" /> : <Icon name={icon} size={16} />}
        <span class={running ? "shimmer" : ""} dir="auto">
          {workflowTitle(workflow, running, t)}
        </span>
        <Icon name="chevron-down" size={16} class={`turner ${expanded ? "open" : ""}`} />
      </button>
      <div id={id} class="workflow-steps" hidden={!expanded}>
        {expanded &&
          workflow.tasks.map((task, index) => (
            <Boundary key={index} of={task} part="task">
              <TaskView task={task} />
            </Boundary>
          ))}
      </div>
    </div>
  );
}
