import { Icon as NamedIcon } from "../ui/icons/Icon";
import { ICONS } from "../ui/icons/names";

export type WidgetIconProps = {
  /** An official icon name, or `lucide:` and a name of Lucide's; others get a neutral icon. */
  name: string;
  class?: string;
};

/** Whether a name is drawn as itself. */
export function isKnownIcon(name: string): boolean {
  return name === "dot" || Object.hasOwn(ICONS, name) || name.startsWith("lucide:");
}

/** Draws an icon beside text that says the same; screen readers pass over it. */
export function Icon({ name, class: className = "" }: WidgetIconProps) {
  const classes = `w-icon ${className}`.trim();
  if (name !== "dot" && isKnownIcon(name)) {
    // A tick on a filled disc is drawn in the color behind it.
    return (
      <NamedIcon
        name={name}
        class={name === "check-circle-filled" ? `${classes} w-icon-ticked` : classes}
      />
    );
  }
  const isDot = name === "dot";
  return (
    <svg class={classes} viewBox="0 0 24 24" aria-hidden="true">
      {isDot ? (
        <circle cx="12" cy="12" r="4" fill="currentColor" />
      ) : (
        <circle
          cx="12"
          cy="12"
          r="9"
          fill="none"
          stroke="currentColor"
          stroke-width="1.75"
          stroke-dasharray="3.5 3.5"
        />
      )}
    </svg>
  );
}
