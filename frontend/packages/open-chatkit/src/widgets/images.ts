/** Which pictures may be loaded: the same as in messages. */

import { imageSource as messageImage } from "../ui/markdown/links";
import type { ImageRule } from "./types";

/** A picture that may be shown, one that may be linked to, or nothing. */
export type ImageSource =
  | { kind: "shown"; src: string }
  | { kind: "linked"; href: string; host: string }
  | { kind: "none" };

/** Decides by the address alone; relative ones are the page's own. */
export function imageSource(src: unknown, rule: ImageRule | undefined): ImageSource {
  if (typeof src !== "string" || src === "") return { kind: "none" };
  const source = messageImage(src, rule?.allowedDomains ?? []);
  if (source.allowed) return { kind: "shown", src: source.src };
  return source.href === null
    ? { kind: "none" }
    : { kind: "linked", href: source.href, host: source.host };
}
