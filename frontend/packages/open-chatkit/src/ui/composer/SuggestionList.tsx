import { useLayoutEffect, useRef } from "preact/hooks";
import { groupedEntries, MenuEntryContent } from "../common/menuEntries";
import type { Suggestions } from "./useSuggestions";

export type SuggestionListProps = { id: string; label: string; suggestions: Suggestions };

/** Returns the ID of an option, for `aria-activedescendant`. */
export function optionId(list: string, index: number): string {
  return `${list}-${index}`;
}

/** The suggestions above the field. The cursor stays in the field. */
export function SuggestionList({ id, label, suggestions }: SuggestionListProps) {
  const { entries, active, setActive } = suggestions;
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  });
  if (!entries) return null;
  return (
    <div ref={list} class="menu suggestions" role="listbox" id={id} aria-label={label}>
      {groupedEntries(entries, (entry, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the field, which has the focus
        // biome-ignore lint/a11y/useFocusableInteractive: see above
        <div
          key={entry.id}
          id={optionId(id, index)}
          class={`menu-item ${index === active ? "active" : ""}`}
          role="option"
          aria-selected={index === active}
          onPointerMove={() => setActive(index)}
          // The field must keep the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => entry.run()}
        >
          <MenuEntryContent entry={entry} />
        </div>
      ))}
    </div>
  );
}
