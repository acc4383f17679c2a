"use client";

import { SkipForward } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { MomentFields } from "@/components/tasks/MomentFields";
import { PlaceFields } from "@/components/tasks/PlaceFields";
import { PrioritySelect } from "@/components/tasks/PrioritySelect";
import { ReminderFields } from "@/components/tasks/ReminderFields";
import { RepeatFields } from "@/components/tasks/RepeatFields";
import { SubtaskList } from "@/components/tasks/SubtaskList";
import { TaskHistory } from "@/components/tasks/TaskHistory";
import { Button } from "@/components/ui/button";
import { Disclosure } from "@/components/ui/disclosure";
import { Field } from "@/components/ui/field";
import { Input, NativeSelect, Textarea } from "@/components/ui/input";
import { NumberField } from "@/components/ui/numberField";
import type { DateContext } from "@/lib/due";
import { NO_REPEAT } from "@/lib/repeatForm";
import { changesOf, defaultAppliesTo, type TaskFormValues, toFormValues } from "@/lib/taskForm";
import type { AppliesTo, Task, TaskList } from "@/lib/tasks";
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
  const skipTask = useTaskStore((state) => state.skipTask);
  const [initial] = useState(() => toFormValues(task, dates.timezone));
  const [values, setValues] = useState(initial);
  const [chosenAppliesTo, setChosenAppliesTo] = useState<AppliesTo | null>(null);
  const set = (changed: Partial<TaskFormValues>) =>
    setValues((current) => ({ ...current, ...changed }));

  const changes = changesOf(initial, values, dates.timezone);
  const isEdited = Object.keys(changes).length > 0;
  const isInSeries = task.repeat !== null && task.completed_at === null;
  const appliesTo = chosenAppliesTo ?? defaultAppliesTo(changes);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!values.title.trim()) return;
    if (isEdited) {
      void changeTask(task.id, { ...changes, ...(isInSeries ? { applies_to: appliesTo } : {}) });
    }
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
        onChange={({ target }) => set({ title: target.value })}
      />
      <Textarea
        aria-label="Notes"
        placeholder="Notes"
        dir="auto"
        maxLength={10_000}
        value={values.notes}
        onChange={({ target }) => set({ notes: target.value })}
      />
      <div className="grid grid-cols-2 gap-3">
        <MomentFields
          dayLabel="Due"
          timeLabel="Time"
          value={values.due}
          onChange={(due) => set({ due })}
        />
        <RepeatFields
          value={values.due.day ? values.repeat : NO_REPEAT}
          hasDue={values.due.day !== ""}
          locale={dates.locale}
          onChange={(repeat) => set({ repeat })}
        />
        <ReminderFields
          value={values.reminders}
          hasDue={values.due.day !== ""}
          dates={dates}
          onChange={(reminders) => set({ reminders })}
        />
        <PlaceFields
          listId={values.list_id}
          sectionId={values.section_id}
          lists={lists}
          onChange={set}
        />
        <PrioritySelect value={values.priority} onChange={(priority) => set({ priority })} />
        <Field label="Tags" hint="Separated by commas.">
          {(control) => (
            <Input
              {...control}
              value={values.tags}
              onChange={({ target }) => set({ tags: target.value })}
            />
          )}
        </Field>
      </div>
      <Disclosure
        label="Start and duration"
        isOpenAtFirst={initial.start.day !== "" || initial.duration !== ""}
      >
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
          <MomentFields
            dayLabel="Start"
            timeLabel="Start time"
            value={values.start}
            onChange={(start) => set({ start })}
          />
          <NumberField
            label="Duration (minutes)"
            max={525_600}
            value={values.duration}
            onChange={(duration) => set({ duration })}
          />
        </div>
      </Disclosure>
      {task.parent_id === null ? <SubtaskList parent={task} /> : null}
      <Disclosure label="History">
        <TaskHistory taskId={task.id} dates={dates} onUndone={onEnd} />
      </Disclosure>
      <div className="flex flex-wrap items-center justify-end gap-2 border-t pt-3">
        {isInSeries && isEdited ? (
          <NativeSelect
            aria-label="Apply changes to"
            value={appliesTo}
            onChange={({ target }) => setChosenAppliesTo(target.value as AppliesTo)}
            className="mr-auto h-8 w-auto text-[0.8125rem] sm:text-[0.8125rem]"
          >
            <option value="this">Only this one</option>
            <option value="following">This and following</option>
          </NativeSelect>
        ) : isInSeries ? (
          <Button
            variant="ghost"
            size="sm"
            className="mr-auto text-muted-foreground"
            onClick={() => {
              void skipTask(task.id);
              onEnd();
            }}
          >
            <SkipForward aria-hidden className="h-4 w-4" />
            Skip this one
          </Button>
        ) : null}
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
