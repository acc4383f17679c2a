import { Pencil } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { openView } from "@/hooks/useView";
import { addDays, weekOf } from "@/lib/calendar";
import { type DateContext, dueDay, formatDue } from "@/lib/due";
import type { Task } from "@/lib/tasks";
import { useOpenedTask } from "@/stores/openedTaskStore";

export interface MoveDialogProps {
  task: Task;
  today: string;
  /** The weekday that weeks start with. */
  firstDay: number;
  dates: DateContext;
  onMove: (day: string) => void;
  onClose: () => void;
}

/** Moves a task of the calendar to another day, or opens it for editing. */
export function MoveDialog({ task, today, firstDay, dates, onMove, onClose }: MoveDialogProps) {
  const edit = useOpenedTask((state) => state.open);
  const moment = task.due ?? task.start;
  const [day, setDay] = useState(moment ? dueDay(moment, dates.timezone) : "");
  const move = (to: string) => {
    if (to) onMove(to);
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    move(day);
  };
  const nextWeek = addDays(weekOf(today, firstDay)[0] ?? today, 7);
  const choices = [
    { name: "Today", to: today },
    { name: "Tomorrow", to: addDays(today, 1) },
    { name: "Next week", to: nextWeek },
  ];
  return (
    <Dialog title={task.title} onClose={onClose} className="max-w-sm">
      <div className="grid gap-4 p-5">
        {moment ? (
          <p className="text-sm text-muted-foreground">
            {task.due ? "Due" : "Starts"} {formatDue(moment, dates)}
          </p>
        ) : null}
        <fieldset>
          <legend className="mb-1.5 text-sm font-medium">Move to</legend>
          <div className="grid grid-cols-3 gap-2">
            {choices.map(({ name, to }) => (
              <Button key={name} variant="outline" size="sm" onClick={() => move(to)}>
                {name}
              </Button>
            ))}
          </div>
        </fieldset>
        <form onSubmit={submit} className="flex items-end gap-2">
          <Field label="Another day" className="flex-1">
            {(control) => (
              <Input
                {...control}
                type="date"
                required
                min="1970-01-01"
                max="2999-12-31"
                value={day}
                onChange={({ target }) => setDay(target.value)}
              />
            )}
          </Field>
          <Button type="submit">Move</Button>
        </form>
        <Button
          variant="ghost"
          className="justify-self-start"
          onClick={() => {
            onClose();
            openView("tasks");
            edit(task.id);
          }}
        >
          <Pencil aria-hidden className="h-4 w-4" />
          Edit task
        </Button>
      </div>
    </Dialog>
  );
}
