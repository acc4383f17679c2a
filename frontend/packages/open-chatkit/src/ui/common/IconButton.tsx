import type { ComponentChildren, Ref } from "preact";
import { Icon } from "../../icons/Icon";

export type IconButtonProps = {
  icon: string;
  /** The action, for the tooltip and for screen readers. */
  label: string;
  onClick: (event: MouseEvent) => void;
  /** @default 20 */
  size?: number;
  /** @default "plain" */
  look?: "plain" | "primary" | "quiet";
  disabled?: boolean;
  /** For toggles. */
  pressed?: boolean;
  expanded?: boolean;
  hasPopup?: "menu" | "dialog" | "listbox";
  part?: string;
  class?: string;
  buttonRef?: Ref<HTMLButtonElement>;
  children?: ComponentChildren;
};

/** A round button with an icon. */
export function IconButton(props: IconButtonProps) {
  const { icon, label, size = 20, look = "plain", children } = props;
  return (
    <button
      type="button"
      class={`icon-button ${look} ${props.class ?? ""}`}
      aria-label={label}
      title={label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-haspopup={props.hasPopup}
      disabled={props.disabled}
      part={props.part}
      ref={props.buttonRef ?? null}
      onClick={props.onClick}
    >
      <Icon name={icon} size={size} />
      {children}
    </button>
  );
}
