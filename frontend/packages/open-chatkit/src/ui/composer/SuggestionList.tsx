import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../icons/Icon";
import type { Suggestions } from "./useSuggestions";

export type SuggestionListProps = { id: string; label: string; suggestions: Suggestions };

/** The id of an option, for `aria-activedescendant`. */
export function optionId(list: string, index: number): string {
  return `${list}-${index}`;
}

/** Suggestions above the field; the cursor stays in the field. */
export function SuggestionList({ id, label, suggestions }: SuggestionListProps) {
  const { entries, active, setActive } = suggestions;
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  });
  if (!entries) return null;
  let group: string | undefined;
  return (
    <div ref={list} class="menu suggestions" role="listbox" id={id} aria-label={label}>
      {entries.map((entry, index) => {
        const heading = entry.group !== group && entry.group;
        group = entry.group;
        return [
          heading && (
            <div class="menu-heading" role="presentation" key={`group ${heading}`}>
              {heading}
            </div>
          ),
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the field, which has the focus
          // biome-ignore lint/a11y/useFocusableInteractive: see above
          <div
            key={entry.id}
            id={optionId(id, index)}
            class={`menu-item ${index === active ? "active" : ""}`}
            role="option"
            aria-selected={index === active}
            onPointerMove={() => setActive(index)}
            // The field must not lose the focus.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => entry.run()}
          >
            {entry.icon && <Icon name={entry.icon} size={18} />}
            <span class="menu-text">
              <span class="menu-label" dir="auto">
                {entry.label}
              </span>
              {entry.description && <span class="menu-description">{entry.description}</span>}
            </span>
          </div>,
        ];
      })}
    </div>
  );
}
