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

/** Returns a task's title; empty if its content speaks for itself. */
export function taskTitle(task: Task, t: Translate): string {
  if (task.title) return task.title;
  switch (task.type) {
    case "custom":
      return task.content ? "" : t("working");
    case "thought":
      return task.content ? "" : t(task.status_indicator === "loading" ? "thinking" : "thought");
    case "web_search":
      return task.title_query ?? t("searching");
    case "file":
      return t("reading");
    case "image":
      return t("generatingImage");
    case "unknown":
      return t("notShown");
  }
}

/** Returns what the assistant does now. A finished task is followed by more thinking. */
function activity(task: Task, workflow: Workflow, t: Translate): string {
  const isThinking = task.type === "thought" || task.status_indicator === "complete";
  if (workflow.type === "reasoning" && isThinking) {
    return (task.type === "thought" ? heading(task.content) : null) ?? t("thinking");
  }
  if (task.type === "web_search") return task.title ?? t("searching");
  if (task.type === "file") return t("reading");
  return taskTitle(task, t) || t("working");
}

/** Returns a thought's own heading: models start a summary with a line in bold. */
function heading(content: string): string | null {
  return /^\s*\*\*([^*\n]+)\*\*\s*(?:\n|$)/u.exec(content)?.[1]?.trim() || null;
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
  if (running && last) return activity(last, workflow, t);
  if (workflow.type === "reasoning") return t(running ? "thinking" : "thought");
  return t(running ? "working" : "worked");
}
