import { Plus } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import type { Task } from "@/lib/tasks";
import { applyPatches } from "@/lib/taskView";
import { cn } from "@/lib/utils";
import { useTaskStore } from "@/stores/taskStore";

/** The subtasks of a task: changes take effect at once, without the form's Save. */
export function SubtaskList({ parent }: { parent: Task }) {
  const stored = useTaskStore((state) => state.tasks);
  const patches = useTaskStore((state) => state.patches);
  const addTask = useTaskStore((state) => state.addTask);
  const changeTask = useTaskStore((state) => state.changeTask);
  const deleteTask = useTaskStore((state) => state.deleteTask);
  const loadSubtasks = useTaskStore((state) => state.loadSubtasks);
  const [title, setTitle] = useState("");
  const hasCompleted = parent.subtasks.total > parent.subtasks.open;
  useEffect(() => {
    if (hasCompleted) void loadSubtasks(parent.id);
  }, [hasCompleted, loadSubtasks, parent.id]);
  const subtasks = useMemo(
    () =>
      Object.values(applyPatches(stored, patches))
        .filter((task) => task.parent_id === parent.id)
        .sort((one, other) => one.created_at.localeCompare(other.created_at)),
    [stored, patches, parent.id],
  );

  const add = () => {
    const text = title.trim();
    if (!text) return;
    flushSync(() => setTitle("")); // a second click adds nothing
    void addTask({ title: text, parent_id: parent.id, list_id: parent.list_id });
  };
  return (
    <section aria-label="Subtasks" className="grid gap-1">
      <h2 className="text-sm font-medium">Subtasks</h2>
      {subtasks.length > 0 ? (
        <ul className="grid">
          {subtasks.map((task) => (
            <li key={task.id} className="group flex items-center gap-2.5 text-sm">
              <label className="flex min-w-0 flex-1 cursor-pointer items-center gap-2.5 py-1.5 pointer-coarse:min-h-11">
                <input
                  type="checkbox"
                  aria-label={`Done: ${task.title}`}
                  checked={task.completed_at !== null}
                  disabled={task.number === 0}
                  onChange={({ target }) => void changeTask(task.id, { completed: target.checked })}
                  className="h-4 w-4 shrink-0 accent-primary pointer-coarse:h-5 pointer-coarse:w-5"
                />
                <span
                  dir="auto"
                  className={cn(
                    "min-w-0 break-words",
                    task.completed_at && "text-muted-foreground line-through",
                  )}
                >
                  {task.title}
                </span>
              </label>
              <Button
                variant="ghost"
                size="sm"
                disabled={task.number === 0}
                aria-label={`Delete: ${task.title}`}
                className="h-7 px-2 text-muted-foreground hover:text-destructive"
                onClick={() => void deleteTask(task.id)}
              >
                Delete
              </Button>
            </li>
          ))}
        </ul>
      ) : null}
      <div className="flex gap-1.5">
        <Input
          aria-label="New subtask"
          placeholder="Add a subtask"
          dir="auto"
          maxLength={500}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
            event.preventDefault(); // Enter would save the form
            add();
          }}
          className="h-9"
        />
        <Button variant="outline" size="icon" aria-label="Add subtask" onClick={add}>
          <Plus aria-hidden className="h-4 w-4" />
        </Button>
      </div>
    </section>
  );
}
