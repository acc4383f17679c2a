import { ArrowDown, ArrowUp, Trash2 } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { DeletionQuestion } from "@/components/ui/deletionQuestion";
import { Input } from "@/components/ui/input";
import type { Section } from "@/lib/tasks";
import { useTaskStore } from "@/stores/taskStore";

/** Adds, renames, orders and deletes the sections of a list, which takes effect at once. */
export function SectionEditor({ listId }: { listId: string }) {
  const all = useTaskStore((state) => state.sections);
  const addSection = useTaskStore((state) => state.addSection);
  const newName = useRef<HTMLInputElement>(null);
  const headingId = useId();
  const sections = all.filter((section) => section.list_id === listId);

  const add = async (event: FormEvent) => {
    event.preventDefault();
    const field = newName.current;
    const name = field?.value.trim();
    if (!field || !name) return;
    field.value = ""; // a second click adds nothing
    if (!(await addSection(listId, name))) field.value ||= name;
  };
  return (
    <section aria-labelledby={headingId} className="grid gap-2 border-t p-5 pt-4">
      <h3 id={headingId} className="text-sm font-medium">
        Sections
      </h3>
      {sections.length > 0 ? (
        <ul className="grid gap-2">
          {sections.map((section, index) => (
            <SectionRow
              key={section.id}
              section={section}
              previous={sections[index - 1]}
              next={sections[index + 1]}
              onDeleted={() => newName.current?.focus()}
            />
          ))}
        </ul>
      ) : null}
      <form onSubmit={add} className="flex gap-2">
        <Input ref={newName} aria-label="New section" placeholder="New section" maxLength={100} />
        <Button type="submit" variant="outline">
          Add
        </Button>
      </form>
    </section>
  );
}

interface SectionRowProps {
  section: Section;
  previous: Section | undefined;
  next: Section | undefined;
  onDeleted: () => void;
}

function SectionRow({ section, previous, next, onDeleted }: SectionRowProps) {
  const changeSection = useTaskStore((state) => state.changeSection);
  const deleteSection = useTaskStore((state) => state.deleteSection);
  const [name, setName] = useState(section.name);
  const [isConfirming, setIsConfirming] = useState(false);
  const deleteButton = useRef<HTMLButtonElement>(null);
  useEffect(() => setName(section.name), [section.name]);

  const rename = async () => {
    const cleaned = name.trim() || section.name;
    setName(cleaned);
    if (cleaned === section.name) return;
    if (!(await changeSection(section.id, { name: cleaned }))) setName(section.name);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") void rename();
    if (event.key !== "Escape" || name === section.name) return;
    event.preventDefault(); // the dialog stays open
    setName(section.name);
  };
  const cancel = () => {
    setIsConfirming(false);
    deleteButton.current?.focus();
  };
  const confirm = async () => {
    if (await deleteSection(section)) onDeleted();
    else cancel();
  };
  return (
    <li className="grid gap-2">
      <div className="flex items-center gap-1">
        <Input
          aria-label={`Rename: ${section.name}`}
          dir="auto"
          maxLength={100}
          value={name}
          onChange={({ target }) => setName(target.value)}
          onKeyDown={onKeyDown}
          onBlur={() => void rename()}
        />
        <Button
          variant="ghost"
          size="icon"
          aria-label={`Move up: ${section.name}`}
          aria-disabled={!previous}
          onClick={() =>
            previous && void changeSection(section.id, { move: { before: previous.id } })
          }
        >
          <ArrowUp aria-hidden className="h-4 w-4" />
        </Button>
        <Button
          variant="ghost"
          size="icon"
          aria-label={`Move down: ${section.name}`}
          aria-disabled={!next}
          onClick={() => next && void changeSection(section.id, { move: { after: next.id } })}
        >
          <ArrowDown aria-hidden className="h-4 w-4" />
        </Button>
        <Button
          ref={deleteButton}
          variant="ghost"
          size="icon"
          className="text-muted-foreground hover:text-destructive"
          aria-label={`Delete: ${section.name}`}
          aria-expanded={isConfirming}
          onClick={() => setIsConfirming(!isConfirming)}
        >
          <Trash2 aria-hidden className="h-4 w-4" />
        </Button>
      </div>
      {isConfirming ? (
        <DeletionQuestion onConfirm={() => void confirm()} onCancel={cancel}>
          Delete the section “{section.name}”? Its tasks stay in the list.
        </DeletionQuestion>
      ) : null}
    </li>
  );
}
