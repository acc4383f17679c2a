import { Icon as NamedIcon } from "../icons/Icon";

export type WidgetIconProps = {
  /** An official icon name, or `lucide:` and a Lucide name; others get a neutral icon. */
  name: string;
  class?: string;
};

/** An icon beside a text with the same meaning; hidden from screen readers. */
export function Icon({ name, class: className = "" }: WidgetIconProps) {
  const classes = `w-icon ${className}`.trim();
  // A check mark on a filled disc has the color behind the disc.
  const ticked = name === "check-circle-filled" ? " w-icon-ticked" : "";
  return <NamedIcon name={name} class={`${classes}${ticked}`} />;
}
