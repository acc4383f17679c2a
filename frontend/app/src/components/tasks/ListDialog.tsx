"use client";

import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import type { TaskList } from "@/lib/tasks";
import { useTaskStore } from "@/stores/taskStore";

export interface ListDialogProps {
  /** The list to change; null makes one. */
  list: TaskList | null;
  onClose: () => void;
  onMade: (list: TaskList) => void;
}

/** Makes, renames or deletes a list. */
export function ListDialog({ list, onClose, onMade }: ListDialogProps) {
  const addList = useTaskStore((state) => state.addList);
  const renameList = useTaskStore((state) => state.renameList);
  const deleteList = useTaskStore((state) => state.deleteList);
  const [name, setName] = useState(list?.name ?? "");
  const [isAsking, setIsAsking] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const text = name.trim();
    if (!text) return;
    if (list) {
      if (text === list.name || (await renameList(list.id, text))) onClose();
      return;
    }
    const made = await addList(text);
    if (!made) return;
    onMade(made);
    onClose();
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
              value={name}
              onChange={({ target }) => setName(target.value)}
            />
          )}
        </Field>
        <div className="flex flex-wrap justify-end gap-2">
          {list && !list.is_default && !isAsking ? (
            <Button
              variant="ghost"
              className="mr-auto text-destructive"
              onClick={() => setIsAsking(true)}
            >
              Delete list
            </Button>
          ) : null}
          <Button type="submit">{list ? "Save" : "Make list"}</Button>
        </div>
        {list && isAsking ? (
          <div role="alert" className="grid gap-3 rounded-md border p-3 text-sm">
            <p>Delete “{list.name}”? Its tasks move to Inbox.</p>
            <div className="flex justify-end gap-2">
              <Button variant="ghost" size="sm" onClick={() => setIsAsking(false)}>
                Keep it
              </Button>
              <Button
                variant="destructive"
                size="sm"
                onClick={() => void deleteList(list.id).then(onClose)}
              >
                Delete
              </Button>
            </div>
          </div>
        ) : null}
      </form>
    </Dialog>
  );
}
