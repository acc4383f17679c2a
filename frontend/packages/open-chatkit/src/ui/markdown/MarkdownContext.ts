import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import type { Deeplink } from "./links";

/** What markdown needs of the place it stands in. */
export type MarkdownPlace = {
  /** Hosts that images may come from, besides this origin. */
  allowedImageHosts: readonly string[];
  onDeeplink?: (link: Deeplink) => void;
  /** Draws the citation with this number. */
  renderCitation?: (number: number) => ComponentChildren;
  labels: { copy: string; copied: string; imageFrom: (host: string) => string };
};

export const MarkdownContext = createContext<MarkdownPlace>({
  allowedImageHosts: [],
  labels: { copy: "Copy", copied: "Copied", imageFrom: (host) => host },
});
