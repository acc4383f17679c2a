"use client";

import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import type { TaskList } from "@/lib/tasks";
import { useTaskStore } from "@/stores/taskStore";

export interface ListDialogProps {
  /** The list to edit; null creates one. */
  list: TaskList | null;
  onClose: () => void;
  onCreated: (list: TaskList) => void;
}

/** Creates, renames or deletes a list. */
export function ListDialog({ list, onClose, onCreated }: ListDialogProps) {
  const addList = useTaskStore((state) => state.addList);
  const changeList = useTaskStore((state) => state.changeList);
  const deleteList = useTaskStore((state) => state.deleteList);
  const [name, setName] = useState(list?.name ?? "");
  const [isConfirming, setIsConfirming] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const text = name.trim();
    if (!text) return;
    if (list) {
      if (text === list.name || (await changeList(list.id, { name: text }))) onClose();
      return;
    }
    const created = await addList({ name: text, color: null, icon: null });
    if (!created) return;
    onCreated(created);
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
          {list && !list.is_default && !isConfirming ? (
            <Button
              variant="ghost"
              className="mr-auto text-destructive"
              onClick={() => setIsConfirming(true)}
            >
              Delete list
            </Button>
          ) : null}
          <Button type="submit">{list ? "Save" : "Create list"}</Button>
        </div>
        {list && isConfirming ? (
          <div role="alert" className="grid gap-3 rounded-md border p-3 text-sm">
            <p>Delete “{list.name}”? Its tasks move to Inbox.</p>
            <div className="flex justify-end gap-2">
              <Button variant="ghost" size="sm" onClick={() => setIsConfirming(false)}>
                Cancel
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
