/** State shared by the views of one widget. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { englishStrings, type WidgetStrings } from "./strings";
import type { ActionConfig, FormData, ImageRule, MarkdownView, WidgetRegistry } from "./types";

/** The functions that views call. The object never changes, so that it causes no re-render. */
export type Runtime = {
  send: (action: ActionConfig, formData: FormData | undefined) => Promise<void>;
  log: (name: `widget.${string}`, data?: Record<string, unknown>) => void;
  /** Fades the whole widget and makes it inert until a promise settles. */
  blockWidget: (until: Promise<unknown>) => void;
};

/** The settings that views read. A change re-renders the views that read them. */
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
  blockWidget: () => undefined,
});

export const SettingsContext = createContext<Settings>({
  isBusy: false,
  registry: {},
  images: undefined,
  strings: englishStrings,
  locale: undefined,
  markdown: undefined,
});

/** The state of a form's submission, for its submit buttons. */
export type Submission = { isPending: boolean; isWaiting: boolean };

export const SubmissionContext = createContext<Submission>({ isPending: false, isWaiting: false });

export function useRuntime(): Runtime {
  return useContext(RuntimeContext);
}

export function useSettings(): Settings {
  return useContext(SettingsContext);
}
