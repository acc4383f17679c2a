/** Backgrounds that a widget chooses, and the texts on them. */

import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { imageSource } from "../images";
import { type ColorKind, colorPair, LOADS, pairCss } from "./colors";
import { useSettings } from "./context";
import {
  type Backdrop,
  backdropOn,
  LEAST_TINTED,
  OWN_BACKDROP,
  readablePair,
  tintBehind,
} from "./contrast";
import type { Style } from "./css";
import type { Pair } from "./primitives";
import { INKS } from "./tokens";

type Surface = {
  backdrop: Backdrop;
  /** The colors that differ from the theme's, because with those texts would be unreadable. */
  changed: readonly string[];
};

/** The tint of soft badges on a surface where one of their own tone would be unreadable. */
const SOFT = "soft-tint";

const SurfaceContext = createContext<Surface>({ backdrop: OWN_BACKDROP, changed: [] });

/**
 * Returns a background with images, `url(…) center / cover`, if each may be loaded by the rule for
 * images and the rest loads nothing; otherwise null.
 */
export function backgroundImage(
  given: unknown,
  allowedHosts: readonly string[] | undefined | null,
): string | null {
  if (typeof given !== "string" || !/url\(/i.test(given)) return null;
  const shown: string[] = [];
  const rest = given.replace(/url\(([^()]*)\)/gi, (_, address: string) => {
    const source = imageSource(address.trim().replace(/^["']|["']$/g, ""), allowedHosts);
    if (source.kind === "shown") shown.push(source.src.replace(/["\\\n]/g, encodeURIComponent));
    return source.kind === "shown" ? "!" : "url";
  });
  if (LOADS.test(rest) || !/^[-#a-z0-9(),.%/\s!]+$/i.test(rest)) return null;
  return rest.replace(/!/g, () => `url("${shown.shift()}")`);
}

/** Returns the surface of a background, and the text colors that it needs. */
export function useSurface(background: unknown): { surface: Surface; style: Style } {
  const outer = useContext(SurfaceContext);
  const { images } = useSettings();
  const picture = backgroundImage(background, images?.allowedDomains);
  // Nothing is known about the colors of an image.
  if (picture) {
    return {
      surface: { backdrop: [null, null], changed: outer.changed },
      style: { background: picture },
    };
  }
  const pair = colorPair(background, "background");
  if (!pair) return { surface: outer, style: {} };
  const isOwn = pair[0].startsWith("var(");
  const backdrop = isOwn ? OWN_BACKDROP : backdropOn(pair, outer.backdrop);
  const style: Style = { background: pairCss(pair) };
  const changed: string[] = [];
  for (const [name, ink] of Object.entries(INKS)) {
    const needed = isOwn ? ink : readablePair(ink, backdrop, LEAST_TINTED);
    const differs = needed[0] !== ink[0] || needed[1] !== ink[1];
    if (differs) changed.push(name);
    if (differs || outer.changed.includes(name)) style[`--w-${name}`] = pairCss(needed);
    if (name !== "text" || isOwn) continue;
    const tint: Pair = [tintBehind(needed[0], backdrop[0]), tintBehind(needed[1], backdrop[1])];
    if (tint[0] === needed[0] && tint[1] === needed[1]) continue;
    changed.push(SOFT);
    style[`--w-${SOFT}`] = pairCss(tint);
  }
  if (outer.changed.includes(SOFT)) style[`--w-${SOFT}`] ??= "initial";
  if (Object.hasOwn(style, "--w-text")) style.color = "var(--w-text)";
  return { surface: { backdrop, changed }, style };
}

/** Tells the content of a surface what is behind it. */
export function OnSurface({
  surface,
  children,
}: {
  surface: Surface;
  children: ComponentChildren;
}) {
  return <SurfaceContext.Provider value={surface}>{children}</SurfaceContext.Provider>;
}

/** Returns a text's color, readable on its surface; undefined if it has none of its own. */
export function useInk(given: unknown, kind: ColorKind = "text"): string | undefined {
  const { backdrop } = useContext(SurfaceContext);
  const pair = colorPair(given, kind);
  return pair ? pairCss(readablePair(pair, backdrop)) : undefined;
}
