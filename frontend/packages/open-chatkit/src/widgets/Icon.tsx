import { Icon as NamedIcon } from "../icons/Icon";

export type WidgetIconProps = {
  /** An official icon name, or `lucide:` and a name of Lucide's; others get a neutral icon. */
  name: string;
  class?: string;
};

/** Draws an icon beside text that says the same; screen readers pass over it. */
export function Icon({ name, class: className = "" }: WidgetIconProps) {
  const classes = `w-icon ${className}`.trim();
  // A tick on a filled disc is drawn in the color behind it.
  const ticked = name === "check-circle-filled" ? " w-icon-ticked" : "";
  return <NamedIcon name={name} class={`${classes}${ticked}`} />;
}
