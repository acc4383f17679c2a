"use client";

import { type FormEvent, type KeyboardEvent, useState } from "react";
import { DueFields } from "@/components/tasks/DueFields";
import { PrioritySelect } from "@/components/tasks/PrioritySelect";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input, NativeSelect, Textarea } from "@/components/ui/input";
import type { Reading } from "@/lib/due";
import type { Task, TaskList } from "@/lib/tasks";
import { changesOf, textOfTask } from "@/lib/taskText";
import { useTaskStore } from "@/stores/taskStore";

export interface TaskEditorProps {
  task: Task;
  lists: readonly TaskList[];
  reading: Reading;
  onEnd: () => void;
}

/** A task's fields where its row was. */
export function TaskEditor({ task, lists, reading, onEnd }: TaskEditorProps) {
  const changeTask = useTaskStore((state) => state.changeTask);
  const [before] = useState(() => textOfTask(task, reading.timezone));
  const [text, setText] = useState(before);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!text.title.trim()) return;
    const changes = changesOf(before, text, reading.timezone);
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
        value={text.title}
        onChange={({ target }) => setText({ ...text, title: target.value })}
      />
      <Textarea
        aria-label="Notes"
        placeholder="Notes"
        dir="auto"
        maxLength={10_000}
        value={text.notes}
        onChange={({ target }) => setText({ ...text, notes: target.value })}
      />
      <div className="grid grid-cols-2 gap-3">
        <DueFields value={text} onChange={(due) => setText({ ...text, ...due })} />
        <PrioritySelect
          value={text.priority}
          onChange={(priority) => setText({ ...text, priority })}
        />
        <Field label="List">
          {(control) => (
            <NativeSelect
              {...control}
              value={text.list_id}
              onChange={({ target }) => setText({ ...text, list_id: target.value })}
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
              value={text.tags}
              onChange={({ target }) => setText({ ...text, tags: target.value })}
            />
          )}
        </Field>
      </div>
      <div className="flex justify-end gap-2">
        <Button variant="ghost" size="sm" onClick={onEnd}>
          Cancel
        </Button>
        <Button type="submit" size="sm" aria-disabled={!text.title.trim()}>
          Save
        </Button>
      </div>
    </form>
  );
}
