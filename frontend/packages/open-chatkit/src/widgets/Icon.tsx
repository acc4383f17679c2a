import { Icon as NamedIcon } from "../icons/Icon";
import { useRuntime } from "./context";

export type WidgetIconProps = {
  /** An official, lucide or well-known other icon name; others get a ring and a log event. */
  name: string;
  class?: string;
};

/** An icon beside a text with the same meaning; hidden from screen readers. */
export function Icon({ name, class: className = "" }: WidgetIconProps) {
  const runtime = useRuntime();
  const classes = `w-icon ${className}`.trim();
  // A check mark on a filled disc has the color behind the disc.
  const ticked = name === "check-circle-filled" ? " w-icon-ticked" : "";
  return (
    <NamedIcon
      name={name}
      class={`${classes}${ticked}`}
      onUnknown={() => runtime.log("widget.icon.unknown", { name })}
    />
  );
}
