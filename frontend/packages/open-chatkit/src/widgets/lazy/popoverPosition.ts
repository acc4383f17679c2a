/** Positions a popover beside its anchor, within the viewport. */

const GAP = 6;
const MARGIN = 8;

export type Side = "top" | "bottom" | "left" | "right";
export type Align = "start" | "center" | "end";
type Box = { left: number; top: number; width: number; height: number };
type View = { width: number; height: number };

const OPPOSITE: Readonly<Record<Side, Side>> = {
  top: "bottom",
  bottom: "top",
  left: "right",
  right: "left",
};

/**
 * Returns the position of a popover: at the preferred side, at the opposite one if there is no space,
 * and always within the viewport.
 */
export function positionBeside(
  anchor: Box,
  size: View,
  view: View,
  side: Side,
  align: Align,
): { left: number; top: number } {
  const best = [side, OPPOSITE[side], "bottom" as const, "top" as const].find((each) =>
    fits(at(anchor, size, each, align), size, view),
  );
  const wanted = at(anchor, size, best ?? side, align);
  return {
    left: clamp(wanted.left, view.width - size.width - MARGIN),
    top: clamp(wanted.top, view.height - size.height - MARGIN),
  };
}

function at(anchor: Box, size: View, side: Side, align: Align) {
  const along = (start: number, length: number, own: number): number => {
    if (align === "center") return start + (length - own) / 2;
    return align === "end" ? start + length - own : start;
  };
  if (side === "top" || side === "bottom") {
    return {
      left: along(anchor.left, anchor.width, size.width),
      top: side === "top" ? anchor.top - size.height - GAP : anchor.top + anchor.height + GAP,
    };
  }
  return {
    left: side === "left" ? anchor.left - size.width - GAP : anchor.left + anchor.width + GAP,
    top: along(anchor.top, anchor.height, size.height),
  };
}

function fits(position: { left: number; top: number }, size: View, view: View): boolean {
  return (
    position.left >= 0 &&
    position.top >= 0 &&
    position.left + size.width <= view.width &&
    position.top + size.height <= view.height
  );
}

function clamp(value: number, most: number): number {
  return Math.max(MARGIN, Math.min(value, most));
}
