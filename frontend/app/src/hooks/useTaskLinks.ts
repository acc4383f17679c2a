import { useEffect } from "react";
import { takeQueryParameter } from "@/lib/queryParameter";
import type { Task } from "@/lib/tasks";
import { useOpenedTask } from "@/stores/openedTaskStore";
import { useTaskStore } from "@/stores/taskStore";
import { showInfo } from "@/stores/toastStore";

/**
 * Opens the task or list that the page's address (`?task=`, `?list=`), a clicked notification or a clicked
 * mention names.
 *
 * @param show makes an open task visible.
 * @param showList makes a list visible.
 */
export function useTaskLinks(show: (task: Task) => void, showList: (listId: string) => void): void {
  const taskId = useOpenedTask((state) => state.taskId);
  const listId = useOpenedTask((state) => state.listId);
  const open = useOpenedTask((state) => state.open);
  const openList = useOpenedTask((state) => state.openList);
  const finish = useOpenedTask((state) => state.finish);
  const status = useTaskStore((state) => state.status);
  const task = useTaskStore((state) => (taskId === null ? undefined : state.tasks[taskId]));

  useEffect(() => {
    const linked = takeQueryParameter("task");
    if (linked) open(linked);
    const linkedList = takeQueryParameter("list");
    if (linkedList) openList(linkedList);
    const onMessage = ({ data }: MessageEvent) => {
      if (data?.type === "open-task" && typeof data.taskId === "string") open(data.taskId);
    };
    navigator.serviceWorker?.addEventListener("message", onMessage);
    return () => navigator.serviceWorker?.removeEventListener("message", onMessage);
  }, [open, openList]);

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

  // biome-ignore lint/correctness/useExhaustiveDependencies: once per list to open.
  useEffect(() => {
    if (listId === null) return;
    showList(listId);
    finish();
  }, [listId]);
}
