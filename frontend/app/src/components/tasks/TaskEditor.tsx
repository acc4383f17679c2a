"use client";

import { type FormEvent, type KeyboardEvent, useState } from "react";
import { DueFields } from "@/components/tasks/DueFields";
import { PrioritySelect } from "@/components/tasks/PrioritySelect";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input, NativeSelect, Textarea } from "@/components/ui/input";
import type { DateContext } from "@/lib/due";
import { changesOf, toFormValues } from "@/lib/taskForm";
import type { Task, TaskList } from "@/lib/tasks";
import { useTaskStore } from "@/stores/taskStore";

export interface TaskEditorProps {
  task: Task;
  lists: readonly TaskList[];
  dates: DateContext;
  onEnd: () => void;
}

/** A form for a task's fields, in place of its row. */
export function TaskEditor({ task, lists, dates, onEnd }: TaskEditorProps) {
  const changeTask = useTaskStore((state) => state.changeTask);
  const [initial] = useState(() => toFormValues(task, dates.timezone));
  const [values, setValues] = useState(initial);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!values.title.trim()) return;
    const changes = changesOf(initial, values, dates.timezone);
    if (Object.keys(changes).length > 0) void changeTask(task.id, changes);
    onEnd();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onEnd();
  };

  return (
    <form
      aria-label={`Edit ${task.title}`}
      onSubmit={submit}
      onKeyDown={onKeyDown}
      className="grid animate-rise gap-3 rounded-lg border bg-card p-3 shadow-sm"
    >
      <Input
        autoFocus
        aria-label="Title"
        dir="auto"
        required
        maxLength={500}
        value={values.title}
        onChange={({ target }) => setValues({ ...values, title: target.value })}
      />
      <Textarea
        aria-label="Notes"
        placeholder="Notes"
        dir="auto"
        maxLength={10_000}
        value={values.notes}
        onChange={({ target }) => setValues({ ...values, notes: target.value })}
      />
      <div className="grid grid-cols-2 gap-3">
        <DueFields value={values} onChange={(due) => setValues({ ...values, ...due })} />
        <PrioritySelect
          value={values.priority}
          onChange={(priority) => setValues({ ...values, priority })}
        />
        <Field label="List">
          {(control) => (
            <NativeSelect
              {...control}
              value={values.list_id}
              onChange={({ target }) => setValues({ ...values, list_id: target.value })}
            >
              {lists.map((list) => (
                <option key={list.id} value={list.id}>
                  {list.name}
                </option>
              ))}
            </NativeSelect>
          )}
        </Field>
        <Field label="Tags" hint="Separated by commas." className="col-span-2">
          {(control) => (
            <Input
              {...control}
              value={values.tags}
              onChange={({ target }) => setValues({ ...values, tags: target.value })}
            />
          )}
        </Field>
      </div>
      <div className="flex justify-end gap-2">
        <Button variant="ghost" size="sm" onClick={onEnd}>
          Cancel
        </Button>
        <Button type="submit" size="sm" aria-disabled={!values.title.trim()}>
          Save
        </Button>
      </div>
    </form>
  );
}
