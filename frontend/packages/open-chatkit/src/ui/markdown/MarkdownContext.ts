import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import type { Deeplink } from "./links";

/** Settings and callbacks of the surrounding view. */
export type MarkdownSettings = {
  /** Hosts from which images may be loaded, besides this origin. */
  allowedImageHosts: readonly string[];
  onDeeplink?: (link: Deeplink) => void;
  /** Renders the citation with this number. */
  renderCitation?: (number: number) => ComponentChildren;
  labels: {
    copy: string;
    copied: string;
    imageFrom: (host: string) => string;
    footnotes: string;
    footnote: (number: number) => string;
    backToText: (number: number) => string;
  };
};

/** The settings outside of a thread. */
export const DEFAULT_SETTINGS: MarkdownSettings = {
  allowedImageHosts: [],
  labels: {
    copy: "Copy",
    copied: "Copied",
    imageFrom: (host) => host,
    footnotes: "Footnotes",
    footnote: (number) => `Footnote ${number}`,
    backToText: (number) => `Back to reference ${number}`,
  },
};

export const MarkdownContext = createContext(DEFAULT_SETTINGS);
