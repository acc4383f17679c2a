import type { IconNode } from "lucide";
import { h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { DIRECTED, FILLED, ICONS } from "./names";

export type IconProps = {
  /** An official icon name, or `lucide:` and a lucide name. */
  name: string;
  /** Side length in pixels. @default 20 */
  size?: number;
  class?: string;
};

const loaded = new Map<string, IconNode>();

function useDrawing(name: string): IconNode | undefined {
  const builtIn = ICONS[name] ?? (name.startsWith("lucide:") ? ICONS[name.slice(7)] : undefined);
  const [, setLoads] = useState(0);
  const known = builtIn ?? loaded.get(name);
  const missing = known === undefined;
  useEffect(() => {
    if (!missing) return;
    let active = true;
    import("./allIcons").then(
      ({ findIcon }) => {
        loaded.set(name, findIcon(name.replace(/^\w+:/u, "")) ?? []);
        if (active) setLoads((count) => count + 1);
      },
      // Without its icon a control still has its label.
      () => undefined,
    );
    return () => {
      active = false;
    };
  }, [name, missing]);
  return known;
}

/** A line icon in the colour of the text. It says nothing to a screen reader: its control does. */
export function Icon({ name, size = 20, class: className }: IconProps) {
  const drawing = useDrawing(name);
  const classes = ["icon", DIRECTED.test(name) && "icon-directed", className];
  return (
    <svg
      class={classes.filter(Boolean).join(" ")}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={FILLED.has(name) ? "currentColor" : "none"}
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {drawing?.map(([tag, attributes], index) => h(tag, { ...attributes, key: index }))}
    </svg>
  );
}
