import type { Command, Entity } from "@openai/chatkit";
import { useEffect, useRef, useState } from "preact/hooks";
import type { UserMessageTagContent } from "../../core/types";
import type { MenuEntry } from "../common/menuEntries";
import { useT, useUi } from "../context";
import { type Trigger, tagsOf, toContent, toText, triggerAt } from "./draftText";

export type Suggestion = MenuEntry & { run: () => void };

/** An extension: a line that tells entities with the same title apart, as commands have it. */
export type DescribedEntity = Entity & { description?: string };

export type Suggestions = {
  /** Null while there are no suggestions. */
  entries: readonly Suggestion[] | null;
  active: number;
  setActive: (index: number) => void;
  /** Updates the suggestions from the text and the cursor. */
  update: () => void;
  /** Handles a key that isn't an input method's; returns whether it was handled. */
  onKeyDown: (event: KeyboardEvent) => boolean;
  close: () => void;
};

/** Converts an entity to the tag that is sent. */
export function entityTag(entity: Entity): UserMessageTagContent {
  return {
    type: "input_tag",
    id: entity.id,
    text: entity.title,
    data: entity.data ?? {},
    ...(entity.group ? { group: entity.group } : {}),
    interactive: entity.interactive ?? false,
  };
}

const DEBOUNCE_MS = 120;

/**
 * Suggests entities behind `@` and commands behind a leading `/`.
 *
 * @param builtIns - commands of the composer itself.
 */
export function useSuggestions(
  field: { current: HTMLTextAreaElement | null },
  builtIns: readonly Suggestion[],
): Suggestions {
  const ui = useUi();
  const t = useT();
  const [entries, setEntries] = useState<readonly Suggestion[] | null>(null);
  const [active, setActive] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // Results of earlier searches are dropped.
  const latestSearch = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const { composer } = ui.chat;

  const close = (): void => {
    latestSearch.current += 1;
    clearTimeout(timer.current);
    setEntries(null);
  };

  const replace = (trigger: Trigger, tag: UserMessageTagContent | null): void => {
    const { content } = composer.draft.peek();
    const text = toText(content);
    const end = trigger.start + trigger.query.length + 1;
    const inserted = tag ? `@${tag.text} ` : "";
    const next = text.slice(0, trigger.start) + inserted + text.slice(end);
    const tags = tag ? [...tagsOf(content), tag] : tagsOf(content);
    composer.set({ content: toContent(next, tags) });
    close();
    requestAnimationFrame(() => {
      field.current?.focus();
      const cursor = trigger.start + inserted.length;
      field.current?.setSelectionRange(cursor, cursor);
    });
  };

  const show = (found: readonly Suggestion[]): void => {
    setEntries(found.length > 0 ? found : null);
    setActive(0);
  };

  const fail = (error: unknown): void => {
    close();
    ui.emit("chatkit.log", { name: "suggestions.failed", data: { error: String(error) } });
  };

  const mentionEntries = async (trigger: Trigger): Promise<readonly Suggestion[]> => {
    const search = ui.options.peek().entities?.onTagSearch;
    if (!search) return [];
    const found: readonly DescribedEntity[] = await search(trigger.query);
    return found.map((entity) => ({
      id: `entity ${entity.id}`,
      label: entity.title,
      description: entity.description,
      icon: entity.icon,
      group: entity.group,
      run: () => replace(trigger, entityTag(entity)),
    }));
  };

  const commandEntries = (trigger: Trigger, commands: readonly Command[]): Suggestion[] =>
    commands.map((command) => ({
      id: `command ${command.id}`,
      label: command.label,
      description: command.description,
      icon: command.icon,
      group: command.group,
      run: () => {
        const select = ui.options.peek().commands?.onSelect;
        close();
        Promise.resolve(select?.(command)).then((selection) => {
          if (selection?.type === "menu") show(commandEntries(trigger, selection.commands));
          else replace(trigger, selection?.type === "entity" ? entityTag(selection.entity) : null);
        }, fail);
      },
    }));

  const commandsFor = async (trigger: Trigger): Promise<readonly Suggestion[]> => {
    const { commands } = ui.options.peek();
    if (!commands?.enabled) return [];
    const query = trigger.query.toLocaleLowerCase();
    const own = builtIns
      .filter((entry) => entry.label.toLocaleLowerCase().includes(query))
      .map((entry) => ({
        ...entry,
        run: () => {
          replace(trigger, null);
          entry.run();
        },
      }));
    return [...own, ...commandEntries(trigger, (await commands.onSearch?.(trigger.query)) ?? [])];
  };

  const update = (): void => {
    const element = field.current;
    const trigger =
      element && element.selectionStart === element.selectionEnd
        ? triggerAt(element.value, element.selectionStart)
        : null;
    if (!trigger) {
      if (entries) close();
      else clearTimeout(timer.current);
      return;
    }
    latestSearch.current += 1;
    const current = latestSearch.current;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const search = trigger.kind === "mention" ? mentionEntries(trigger) : commandsFor(trigger);
      search.then((found) => {
        if (current === latestSearch.current) show(found);
      }, fail);
    }, DEBOUNCE_MS);
  };

  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!entries) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setActive((active + step + entries.length) % entries.length);
    else if (event.key === "Enter" || event.key === "Tab") entries[active]?.run();
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    ui.announcement.value = step
      ? (entries[(active + step + entries.length) % entries.length]?.label ?? "")
      : t("chat");
    return true;
  };

  return { entries, active, setActive, update, onKeyDown, close };
}
