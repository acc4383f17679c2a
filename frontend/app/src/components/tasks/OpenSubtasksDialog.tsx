"use client";

import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { useTaskStore } from "@/stores/taskStore";

/** The question what happens to the open subtasks of a task that is being completed. */
export function OpenSubtasksDialog() {
  const task = useTaskStore((state) =>
    state.undecidedTask ? state.tasks[state.undecidedTask] : undefined,
  );
  const decide = useTaskStore((state) => state.decideSubtasks);
  if (!task) return null;
  const { open } = task.subtasks;
  return (
    <Dialog title="Open subtasks" onClose={() => void decide(null)} className="max-w-sm">
      <div className="grid gap-4 p-5 text-sm">
        <p className="break-words">
          “{task.title}” has {open === 1 ? "an open subtask" : `${open} open subtasks`}.
        </p>
        <div className="grid gap-2">
          <Button autoFocus onClick={() => void decide("complete")}>
            {open === 1 ? "Complete it, too" : "Complete them, too"}
          </Button>
          <Button variant="outline" onClick={() => void decide("keep")}>
            {open === 1 ? "Keep it open" : "Keep them open"}
          </Button>
          <Button variant="ghost" onClick={() => void decide(null)}>
            Cancel
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
