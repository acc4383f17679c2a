import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { groupedEntries, type MenuEntry, MenuEntryContent } from "./menuEntries";

export type MenuProps = {
  label: string;
  entries: readonly MenuEntry[];
  onSelect: (id: string) => void;
  onClose: () => void;
  /** The control that opened the menu: gets the focus back; a press on it isn't "outside". */
  anchor: RefObject<HTMLElement | null>;
  /** @default "start" */
  align?: "start" | "end";
  /** @default "below" */
  side?: "above" | "below";
  children?: ComponentChildren;
};

function focusables(menu: HTMLElement | null): HTMLElement[] {
  return [...(menu?.querySelectorAll<HTMLElement>("[role^=menuitem]:not([aria-disabled])") ?? [])];
}

/** A menu with arrow keys, type-ahead by first letter, and Escape. */
export function Menu(props: MenuProps) {
  const { entries, onSelect, onClose, anchor, align = "start", side = "below" } = props;
  const menu = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  // A press outside closes the menu.
  useEffect(() => {
    const onPointerDown = (event: PointerEvent): void => {
      const path = event.composedPath();
      const isInside = [menu.current, anchor.current].some((node) => node && path.includes(node));
      if (!isInside) close.current();
    };
    document.addEventListener("pointerdown", onPointerDown, true);
    return () => document.removeEventListener("pointerdown", onPointerDown, true);
  }, [anchor]);

  useLayoutEffect(() => {
    const items = focusables(menu.current);
    const chosen = items.find((item) => item.getAttribute("aria-checked") === "true");
    (chosen ?? items[0])?.focus({ preventScroll: true });
  }, []);

  const leave = (): void => {
    onClose();
    anchor.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const items = focusables(menu.current);
    const root = menu.current?.getRootNode();
    const active = root instanceof ShadowRoot ? root.activeElement : document.activeElement;
    const at = items.indexOf(active as HTMLElement);
    const target: Record<string, number> = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    };
    const next = target[event.key];
    if (next !== undefined) {
      event.preventDefault();
      items[next]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      leave();
    } else if (event.key.length === 1 && event.key !== " ") {
      const letter = event.key.toLocaleLowerCase();
      const later = [...items.slice(at + 1), ...items.slice(0, at + 1)];
      later
        .find((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(letter))
        ?.focus();
    }
  };

  const isChoice = entries.some((entry) => entry.checked !== undefined);
  return (
    <div
      ref={menu}
      class={`menu ${align} ${side}`}
      role="menu"
      aria-label={props.label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {groupedEntries(entries, (entry) => (
        // biome-ignore lint/a11y/useAriaPropsSupportedByRole: set with the role that has it
        <button
          type="button"
          key={entry.id}
          class={`menu-item ${entry.danger ? "danger" : ""}`}
          role={isChoice ? "menuitemradio" : "menuitem"}
          aria-checked={isChoice ? Boolean(entry.checked) : undefined}
          aria-disabled={entry.disabled || undefined}
          tabIndex={-1}
          onClick={() => {
            if (entry.disabled) return;
            leave();
            onSelect(entry.id);
          }}
        >
          <MenuEntryContent entry={entry} />
        </button>
      ))}
      {props.children}
    </div>
  );
}
