import type { IconNode } from "lucide";
import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { reportMissingChunk } from "../missingChunk";
import { DIRECTED, FILLED, ICONS } from "./names";

export type IconProps = {
  /**
   * An official icon name, a lucide name, with or without `lucide:`, or a well-known other name;
   * unknown ones get a neutral icon.
   */
  name: string;
  /** Called once for an unknown name. */
  onUnknown?: ((name: string) => void) | undefined;
  /** Side length in pixels. @default 20 */
  size?: number;
  class?: string;
};

const NEUTRAL: IconNode = [["circle", { cx: 12, cy: 12, r: 9, "stroke-dasharray": "3.5 3.5" }]];
const VENDOR = "vendor:";

const loaded = new Map<string, IconNode>();

/** Returns an icon's drawing; undefined while it loads. */
function useDrawing(name: string, onUnknown: IconProps["onUnknown"]): IconNode | undefined {
  const plain = name.replace(/^(?!vendor:)[a-z-]+:/u, ""); // the prefix of an icon set
  const builtIn = Object.hasOwn(ICONS, plain) ? ICONS[plain] : undefined;
  const [, setLoads] = useState(0);
  const known = builtIn ?? (plain === "" ? NEUTRAL : loaded.get(name));
  const missing = known === undefined && !name.startsWith(VENDOR);
  const isUnknown = known === NEUTRAL;
  const report = useRef(onUnknown);
  report.current = onUnknown;
  useEffect(() => {
    if (isUnknown) report.current?.(name);
  }, [isUnknown, name]);
  useEffect(() => {
    if (!missing) return;
    let active = true;
    import("./allIcons").then(
      ({ findIcon }) => {
        loaded.set(name, findIcon(plain) ?? NEUTRAL);
        if (active) setLoads((count) => count + 1);
      },
      (error: unknown) => reportMissingChunk("an icon", error),
    );
    return () => {
      active = false;
    };
  }, [name, plain, missing]);
  return known;
}

/** A vendor's initial on a tile: logos are trademarks, so none is shipped. */
function VendorIcon({ name }: { name: string }) {
  return (
    <>
      <rect x="3" y="3" width="18" height="18" rx="5" />
      <text
        x="12"
        y="16.2"
        text-anchor="middle"
        font-size="12"
        font-weight="600"
        stroke="none"
        fill="currentColor"
      >
        {name.charAt(0).toUpperCase()}
      </text>
    </>
  );
}

/** A line icon in the color of the text. Hidden from screen readers, which read its control. */
export function Icon({ name, onUnknown, size = 20, class: className }: IconProps) {
  const drawing = useDrawing(name, onUnknown);
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
      {name.startsWith(VENDOR) ? (
        <VendorIcon name={name.slice(VENDOR.length)} />
      ) : (
        drawing?.map(([tag, attributes], index) => h(tag, { ...attributes, key: index }))
      )}
    </svg>
  );
}
