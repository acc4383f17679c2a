import { type KeyboardEvent, useState } from "react";
import { Field } from "@/components/ui/field";
import { Input, NativeSelect } from "@/components/ui/input";
import type { TaskList } from "@/lib/tasks";
import { useTaskStore } from "@/stores/taskStore";

const NEW = "new";

export interface PlaceFieldsProps {
  listId: string;
  /** Empty for none. */
  sectionId: string;
  lists: readonly TaskList[];
  onChange: (place: { list_id: string; section_id: string }) => void;
}

/** The list and the section of a task; sections can be added here. */
export function PlaceFields({ listId, sectionId, lists, onChange }: PlaceFieldsProps) {
  const sections = useTaskStore((state) => state.sections);
  const addSection = useTaskStore((state) => state.addSection);
  const [isNaming, setIsNaming] = useState(false);

  const create = async (name: string) => {
    setIsNaming(false);
    const section = name.trim() ? await addSection(listId, name.trim()) : null;
    if (section) onChange({ list_id: section.list_id, section_id: section.id });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault(); // the keys save or close the form
    event.stopPropagation();
    if (event.key === "Escape") event.currentTarget.value = "";
    event.currentTarget.blur();
  };
  return (
    <>
      <Field label="List">
        {(control) => (
          <NativeSelect
            {...control}
            value={listId}
            onChange={({ target }) => onChange({ list_id: target.value, section_id: "" })}
          >
            {lists.map((list) => (
              <option key={list.id} value={list.id}>
                {list.name}
              </option>
            ))}
          </NativeSelect>
        )}
      </Field>
      <Field label={isNaming ? "New section" : "Section"}>
        {(control) =>
          isNaming ? (
            <Input
              {...control}
              autoFocus
              maxLength={100}
              placeholder="Name"
              onKeyDown={onKeyDown}
              onBlur={({ target }) => void create(target.value)}
            />
          ) : (
            <NativeSelect
              {...control}
              value={sectionId}
              onChange={({ target }) => {
                if (target.value === NEW) setIsNaming(true);
                else onChange({ list_id: listId, section_id: target.value });
              }}
            >
              <option value="">None</option>
              {sections
                .filter((section) => section.list_id === listId)
                .map((section) => (
                  <option key={section.id} value={section.id}>
                    {section.name}
                  </option>
                ))}
              <option value={NEW}>New section…</option>
            </NativeSelect>
          )
        }
      </Field>
    </>
  );
}
