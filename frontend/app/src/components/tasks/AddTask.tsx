"use client";

import { CalendarPlus, Plus, X } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { MomentFields, NO_MOMENT } from "@/components/tasks/MomentFields";
import { PrioritySelect } from "@/components/tasks/PrioritySelect";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { type DateContext, dueFrom } from "@/lib/due";
import type { Priority, Section } from "@/lib/tasks";
import { useTaskStore } from "@/stores/taskStore";

export interface AddTaskProps {
  /** The list to add to; null for the default list. */
  listId: string | null;
  /** The section to add to. */
  section?: Section;
  dates: DateContext;
  /** Closes the form, by its button or Escape. */
  onCancel?: () => void;
}

/** A form that adds a task, optionally with due date and priority. */
export function AddTask({ listId, section, dates, onCancel }: AddTaskProps) {
  const addTask = useTaskStore((state) => state.addTask);
  const titleField = useRef<HTMLInputElement>(null);
  const [title, setTitle] = useState("");
  const [due, setDue] = useState(NO_MOMENT);
  const [priority, setPriority] = useState<Priority>("none");
  const [isDetailed, setIsDetailed] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const text = title.trim();
    titleField.current?.focus();
    if (!text) return;
    const draft = {
      title: text,
      priority,
      due: dueFrom(due.day, due.time, dates.timezone),
      ...(listId ? { list_id: listId } : {}),
      ...(section ? { section_id: section.id } : {}),
    };
    flushSync(() => setTitle("")); // a second click adds nothing
    if (await addTask(draft)) {
      setDue(NO_MOMENT);
      setPriority("none");
    } else {
      // Restore the title, unless the user has typed another one.
      setTitle((current) => current || text);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.nativeEvent.isComposing) onCancel?.();
  };
  return (
    <form
      onSubmit={submit}
      onKeyDown={onKeyDown}
      className="rounded-lg border bg-card p-1.5 shadow-xs"
    >
      <div className="flex items-center gap-1">
        <Input
          ref={titleField}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          aria-label={section ? `New task in ${section.name}` : "New task"}
          autoFocus={onCancel !== undefined}
          placeholder="Add a task"
          maxLength={500}
          enterKeyHint="done"
          className="border-transparent bg-transparent"
        />
        <Button
          variant="ghost"
          size="icon"
          aria-label="Due date and priority"
          aria-expanded={isDetailed}
          onClick={() => setIsDetailed(!isDetailed)}
        >
          <CalendarPlus aria-hidden className="h-4 w-4" />
        </Button>
        {onCancel ? (
          <Button variant="ghost" size="icon" aria-label="Cancel" onClick={onCancel}>
            <X aria-hidden className="h-4 w-4" />
          </Button>
        ) : null}
        <Button type="submit" size="icon" aria-label="Add task" aria-disabled={!title.trim()}>
          <Plus aria-hidden className="h-4 w-4" />
        </Button>
      </div>
      {isDetailed ? (
        <div className="mt-1.5 grid gap-3 border-t px-2 pt-3 pb-2 grid-cols-2 sm:grid-cols-3">
          <MomentFields dayLabel="Due" timeLabel="Time" value={due} onChange={setDue} />
          <PrioritySelect value={priority} onChange={setPriority} />
        </div>
      ) : null}
    </form>
  );
}
