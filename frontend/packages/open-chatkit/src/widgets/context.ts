/** What all views of one widget share. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { englishStrings, type WidgetStrings } from "./strings";
import type { ActionConfig, FormData, ImageRule, MarkdownView, WidgetRegistry } from "./types";

/** What views call. It stays the same object, so that it redraws nobody. */
export type Runtime = {
  send: (action: ActionConfig, formData: FormData | undefined) => Promise<void>;
  log: (name: `widget.${string}`, data?: Record<string, unknown>) => void;
  /** Fades the whole widget, and lets nobody in, until something is done. */
  holdWidget: (until: Promise<unknown>) => void;
};

/** What views read. A change redraws those that read it. */
export type Settings = {
  isBusy: boolean;
  registry: WidgetRegistry;
  images: ImageRule | undefined;
  strings: WidgetStrings;
  locale: string | undefined;
  markdown: MarkdownView | undefined;
};

export const RuntimeContext = createContext<Runtime>({
  send: () => Promise.resolve(),
  log: () => undefined,
  holdWidget: () => undefined,
});

export const SettingsContext = createContext<Settings>({
  isBusy: false,
  registry: {},
  images: undefined,
  strings: englishStrings,
  locale: undefined,
  markdown: undefined,
});

/** What a form's submission does to the buttons that submit it. */
export type Submission = { isPending: boolean; isWaiting: boolean };

export const SubmissionContext = createContext<Submission>({ isPending: false, isWaiting: false });

export function useRuntime(): Runtime {
  return useContext(RuntimeContext);
}

export function useSettings(): Settings {
  return useContext(SettingsContext);
}
