/** Titles and icons of the assistant's tasks. */

import type { Task, Workflow, WorkflowSummary } from "../../core/types";
import type { Translate } from "../../locale";

export function taskIcon(task: Task): string {
  switch (task.type) {
    case "custom":
      return task.icon ?? "check-circle";
    case "web_search":
      return "globe";
    case "thought":
      return "lightbulb";
    case "file":
      return "document";
    case "image":
      return "square-image";
    case "unknown":
      return "alert";
  }
}

export function taskTitle(task: Task, t: Translate): string {
  if (task.title) return task.title;
  switch (task.type) {
    case "custom":
      return task.content ? "" : t("working");
    case "web_search":
      return task.title_query ?? t("searching");
    case "thought":
      return t(task.status_indicator === "loading" ? "thinking" : "thought");
    case "file":
      return t("reading");
    case "image":
      return t("generatingImage");
    case "unknown":
      return t("notShown");
  }
}

/** Formats a duration, such as "8 s" or "3 min". */
export function duration(seconds: number, t: Translate): string {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 60
    ? t("seconds", { count: whole })
    : t("minutes", { count: Math.round(whole / 60) });
}

function summaryText(summary: WorkflowSummary, t: Translate): string {
  return "title" in summary
    ? summary.title
    : t("thoughtFor", { duration: duration(summary.duration, t) });
}

/** Returns a workflow's title: its summary, or else its current task. */
export function workflowTitle(workflow: Workflow, running: boolean, t: Translate): string {
  if (workflow.summary) return summaryText(workflow.summary, t);
  const last = workflow.tasks.at(-1);
  if (running && last) return taskTitle(last, t) || t("working");
  if (workflow.type === "reasoning") return t(running ? "thinking" : "thought");
  return t(running ? "working" : "worked");
}
