import type { ComponentChildren } from "preact";
import { Icon } from "../../icons/Icon";

export type MenuEntry = {
  id: string;
  label: string;
  description?: string | undefined;
  icon?: string | undefined;
  group?: string | undefined;
  disabled?: boolean | undefined;
  /** For one-of-many choices: adds a check mark. */
  checked?: boolean | undefined;
  danger?: boolean | undefined;
};

/** Renders entries with a heading before the first entry of each group. */
export function groupedEntries<E extends MenuEntry>(
  entries: readonly E[],
  render: (entry: E, index: number) => ComponentChildren,
): ComponentChildren {
  return entries.map((entry, index) => {
    const isFirst = entry.group !== entries[index - 1]?.group;
    return [
      isFirst && entry.group && (
        <div class="menu-heading" role="presentation" key={`group ${entry.group}`}>
          {entry.group}
        </div>
      ),
      render(entry, index),
    ];
  });
}

/** An entry's icon, label, description and check mark. */
export function MenuEntryContent({ entry }: { entry: MenuEntry }) {
  return (
    <>
      {entry.icon && <Icon name={entry.icon} size={18} />}
      <span class="menu-text">
        <span class="menu-label" dir="auto">
          {entry.label}
        </span>
        {entry.description && (
          <span class="menu-description" dir="auto">
            {entry.description}
          </span>
        )}
      </span>
      {entry.checked && <Icon name="check" size={16} class="menu-check" />}
    </>
  );
}
