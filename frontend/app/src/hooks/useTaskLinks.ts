import { useEffect } from "react";
import { takeQueryParameter } from "@/lib/queryParameter";
import type { Task } from "@/lib/tasks";
import { useOpenedTask } from "@/stores/openedTaskStore";
import { useTaskStore } from "@/stores/taskStore";
import { showInfo } from "@/stores/toastStore";

/**
 * Opens the task that the page's address (`?task=`) or a clicked notification names.
 *
 * @param show makes an open task visible.
 */
export function useTaskLinks(show: (task: Task) => void): void {
  const taskId = useOpenedTask((state) => state.taskId);
  const open = useOpenedTask((state) => state.open);
  const finish = useOpenedTask((state) => state.finish);
  const status = useTaskStore((state) => state.status);
  const task = useTaskStore((state) => (taskId === null ? undefined : state.tasks[taskId]));

  useEffect(() => {
    const linked = takeQueryParameter("task");
    if (linked) open(linked);
    const onMessage = ({ data }: MessageEvent) => {
      if (data?.type === "open-task" && typeof data.taskId === "string") open(data.taskId);
    };
    navigator.serviceWorker?.addEventListener("message", onMessage);
    return () => navigator.serviceWorker?.removeEventListener("message", onMessage);
  }, [open]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once per task to open.
  useEffect(() => {
    if (taskId === null || status !== "ready") return;
    if (task) {
      show(task);
    } else {
      finish();
      showInfo("That task is completed or deleted.");
    }
  }, [taskId, status, task === undefined]);
}
