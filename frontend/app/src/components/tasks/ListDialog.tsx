"use client";

import { Archive, ArrowDown, ArrowUp, Ban } from "lucide-react";
import { type FormEvent, type ReactNode, useId, useRef, useState } from "react";
import { LIST_COLORS, LIST_ICONS } from "@/components/tasks/listLook";
import { SectionEditor } from "@/components/tasks/SectionEditor";
import { Button } from "@/components/ui/button";
import { DeletionQuestion } from "@/components/ui/deletionQuestion";
import { Dialog } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import type { ListChanges, ListDraft } from "@/lib/taskApi";
import { COLORS, ICONS, type TaskList } from "@/lib/tasks";
import { cn } from "@/lib/utils";
import { useTaskStore } from "@/stores/taskStore";
import { showInfo } from "@/stores/toastStore";

export interface ListDialogProps {
  /** The list to edit; null creates one. */
  list: TaskList | null;
  onClose: () => void;
  onCreated: (list: TaskList) => void;
}

/** Creates, changes, orders, archives or deletes a list, and edits its sections. */
export function ListDialog({ list, onClose, onCreated }: ListDialogProps) {
  const addList = useTaskStore((state) => state.addList);
  const changeList = useTaskStore((state) => state.changeList);
  const [before] = useState<ListDraft>({
    name: list?.name ?? "",
    color: list?.color ?? null,
    icon: list?.icon ?? null,
  });
  const [draft, setDraft] = useState(before);
  const isSaving = useRef(false);

  const save = async () => {
    const cleaned = { ...draft, name: draft.name.trim() };
    if (!cleaned.name) return;
    if (list) {
      const changes = changedFields(before, cleaned);
      if (Object.keys(changes).length === 0 || (await changeList(list.id, changes))) onClose();
      return;
    }
    const created = await addList(cleaned);
    if (!created) return;
    onCreated(created);
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isSaving.current) return;
    isSaving.current = true;
    await save();
    isSaving.current = false;
  };

  return (
    <Dialog title={list ? "Edit list" : "New list"} onClose={onClose} className="max-w-sm">
      <form onSubmit={submit} className="grid gap-4 p-5">
        <Field label="Name">
          {(control) => (
            <Input
              {...control}
              autoFocus
              required
              maxLength={100}
              value={draft.name}
              onChange={({ target }) => setDraft({ ...draft, name: target.value })}
            />
          )}
        </Field>
        <Choices
          legend="Colour"
          values={COLORS}
          value={draft.color}
          onChange={(color) => setDraft({ ...draft, color })}
        >
          {(color) => (
            <span
              className={cn("h-5 w-5 rounded-full border-10 border-current", LIST_COLORS[color])}
            />
          )}
        </Choices>
        <Choices
          legend="Icon"
          values={ICONS}
          value={draft.icon}
          onChange={(icon) => setDraft({ ...draft, icon })}
        >
          {(icon) => {
            const Picture = LIST_ICONS[icon];
            return (
              <Picture
                aria-hidden
                className={cn("h-4.5 w-4.5", draft.color && LIST_COLORS[draft.color])}
              />
            );
          }}
        </Choices>
        <div className="flex justify-end">
          <Button type="submit">{list ? "Save" : "Create list"}</Button>
        </div>
      </form>
      {list ? <SectionEditor listId={list.id} /> : null}
      {list && !list.is_default ? <ListActions list={list} onClose={onClose} /> : null}
    </Dialog>
  );
}

/** Returns only the edited fields: another tab may have changed the others. */
function changedFields(before: ListDraft, after: ListDraft): ListChanges {
  return {
    ...(after.name !== before.name ? { name: after.name } : {}),
    ...(after.color !== before.color ? { color: after.color } : {}),
    ...(after.icon !== before.icon ? { icon: after.icon } : {}),
  };
}

interface ChoicesProps<T extends string> {
  legend: string;
  values: readonly T[];
  value: T | null;
  onChange: (value: T | null) => void;
  children: (value: T) => ReactNode;
}

/** Radio buttons with pictures; the first one stands for none. */
function Choices<T extends string>({ legend, values, value, onChange, children }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 text-sm font-medium">{legend}</legend>
      <div className="flex flex-wrap gap-1">
        {[null, ...values].map((each) => (
          <label
            key={each}
            className="grid h-9 w-9 cursor-pointer place-items-center rounded-md text-muted-foreground hover:bg-accent has-checked:bg-accent has-checked:ring-2 has-checked:ring-ring has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-ring pointer-coarse:h-11 pointer-coarse:w-11"
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              aria-label={each ?? "none"}
              checked={value === each}
              onChange={() => onChange(each)}
            />
            {each === null ? <Ban aria-hidden className="h-4.5 w-4.5" /> : children(each)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Order, archive and deletion, which take effect at once. */
function ListActions({ list, onClose }: { list: TaskList; onClose: () => void }) {
  const lists = useTaskStore((state) => state.lists);
  const changeList = useTaskStore((state) => state.changeList);
  const deleteList = useTaskStore((state) => state.deleteList);
  const [isConfirming, setIsConfirming] = useState(false);
  const deleteButton = useRef<HTMLButtonElement>(null);
  const movable = lists.filter((each) => !each.is_default);
  const index = movable.findIndex(({ id }) => id === list.id);
  const [previous, next] = [movable[index - 1], movable[index + 1]];

  const archive = async (archived: boolean) => {
    if (!(await changeList(list.id, { archived }))) return;
    onClose();
    showInfo(archived ? `Archived “${list.name}”` : `“${list.name}” is back`, {
      label: "Undo",
      run: () => void changeList(list.id, { archived: !archived }),
    });
  };
  return (
    <div className="grid gap-3 border-t p-5 pt-4">
      <div className="flex flex-wrap items-center gap-2">
        {index >= 0 ? (
          <>
            <Button
              variant="outline"
              size="sm"
              aria-disabled={!previous}
              onClick={() =>
                previous && void changeList(list.id, { move: { before: previous.id } })
              }
            >
              <ArrowUp aria-hidden className="h-4 w-4" />
              Move up
            </Button>
            <Button
              variant="outline"
              size="sm"
              aria-disabled={!next}
              onClick={() => next && void changeList(list.id, { move: { after: next.id } })}
            >
              <ArrowDown aria-hidden className="h-4 w-4" />
              Move down
            </Button>
          </>
        ) : null}
        <Button variant="outline" size="sm" onClick={() => void archive(!list.archived_at)}>
          <Archive aria-hidden className="h-4 w-4" />
          {list.archived_at ? "Unarchive" : "Archive"}
        </Button>
        <Button
          ref={deleteButton}
          variant="ghost"
          size="sm"
          className="text-destructive"
          aria-expanded={isConfirming}
          onClick={() => setIsConfirming(!isConfirming)}
        >
          Delete list
        </Button>
      </div>
      {isConfirming ? (
        <DeletionQuestion
          onConfirm={() => void deleteList(list).then((isDeleted) => isDeleted && onClose())}
          onCancel={() => {
            setIsConfirming(false);
            deleteButton.current?.focus();
          }}
        >
          Delete “{list.name}”? Its tasks move to Inbox.
        </DeletionQuestion>
      ) : null}
    </div>
  );
}
