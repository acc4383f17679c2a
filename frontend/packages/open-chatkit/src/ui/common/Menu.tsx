import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../icons/Icon";

export type MenuEntry = {
  id: string;
  label: string;
  description?: string | undefined;
  icon?: string | undefined;
  group?: string | undefined;
  disabled?: boolean | undefined;
  /** For one-of-many choices: adds a tick. */
  checked?: boolean | undefined;
  danger?: boolean | undefined;
};

export type MenuProps = {
  label: string;
  entries: readonly MenuEntry[];
  onSelect: (id: string) => void;
  onClose: () => void;
  /** What opened it: gets the focus back, and clicks on it aren't "outside". */
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

function useDismissal(
  menu: RefObject<HTMLElement | null>,
  anchor: RefObject<HTMLElement | null>,
  onClose: () => void,
): void {
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const onPointerDown = (event: PointerEvent): void => {
      const path = event.composedPath();
      const inside = [menu.current, anchor.current].some((node) => node && path.includes(node));
      if (!inside) close.current();
    };
    document.addEventListener("pointerdown", onPointerDown, true);
    return () => document.removeEventListener("pointerdown", onPointerDown, true);
  }, [menu, anchor]);
}

/** A menu with arrow keys, type-ahead by first letter, and Escape. */
export function Menu(props: MenuProps) {
  const { entries, onSelect, onClose, anchor, align = "start", side = "below" } = props;
  const menu = useRef<HTMLDivElement>(null);
  useDismissal(menu, anchor, onClose);

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

  const choices = entries.some((entry) => entry.checked !== undefined);
  let group: string | undefined;
  return (
    <div
      ref={menu}
      class={`menu ${align} ${side}`}
      role="menu"
      aria-label={props.label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {entries.map((entry) => {
        const heading = entry.group !== group && entry.group;
        group = entry.group;
        return [
          heading && (
            <div class="menu-heading" role="presentation" key={`group ${heading}`}>
              {heading}
            </div>
          ),
          // biome-ignore lint/a11y/useAriaPropsSupportedByRole: set with the role that has it
          <button
            type="button"
            key={entry.id}
            class={`menu-item ${entry.danger ? "danger" : ""}`}
            role={choices ? "menuitemradio" : "menuitem"}
            aria-checked={choices ? Boolean(entry.checked) : undefined}
            aria-disabled={entry.disabled || undefined}
            tabIndex={-1}
            onClick={() => {
              if (entry.disabled) return;
              leave();
              onSelect(entry.id);
            }}
          >
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
          </button>,
        ];
      })}
      {props.children}
    </div>
  );
}
