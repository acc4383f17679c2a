/** State shared by the views of one element. */

import type { ChatKitEvents, ChatKitOptions } from "@openai/chatkit";
import type { ReadonlySignal, Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useMemo } from "preact/hooks";
import type { Chat } from "../core/types";
import type { Locale } from "../locale";
import type { ToolLabels } from "./items/toolLabel";

/** The official options that views read; the core reads the rest. */
export type UiOptions = Omit<ChatKitOptions, "api"> & {
  /** An extension: hosts whose images are shown, beside those that the thread allows. */
  images?: { allow?: readonly string[] };
  /** An extension: texts for calls of client tools, by tool name; null hides them. */
  clientTools?: { labels?: ToolLabels };
};

/** Dispatches an official event on the element. */
export type Emit = <K extends keyof ChatKitEvents>(
  type: K,
  detail: ChatKitEvents[K]["detail"],
) => void;

/** A message that is shown for a few seconds. */
export type Toast = { id: number; text: string; tone: "info" | "danger" };

export type Ui = {
  chat: Chat;
  options: ReadonlySignal<UiOptions>;
  locale: ReadonlySignal<Locale>;
  /** The server's host; null if it is the page's own. */
  apiHost: ReadonlySignal<string | null>;
  /** The element. */
  host: HTMLElement;
  /** The themed root, which contains menus and dialogs. */
  frame: HTMLElement;
  emit: Emit;
  /** The view that the panel shows. */
  view: Signal<"chat" | "history">;
  /** Focuses the composer; null if there is none. */
  focusComposer: Signal<(() => void) | null>;
  /** The message to scroll to once its thread is loaded; null if there is none. */
  wantedItem: Signal<string | null>;
  /** Text announced to screen readers. */
  announcement: Signal<string>;
  toasts: Signal<readonly Toast[]>;
};

const UiContext = createContext<Ui | null>(null);
export const UiProvider = UiContext.Provider;

/** Returns the views' shared state; throws outside of an element. */
export function useUi(): Ui {
  const ui = useContext(UiContext);
  if (!ui) throw new Error("This view belongs inside an <openai-chatkit> element.");
  return ui;
}

/** Returns the translation function. */
export function useT(): Locale["t"] {
  return useUi().locale.value.t;
}

/** Returns the hosts from which images may be loaded: the thread's, and those of the page's choice. */
export function useImageHosts(): readonly string[] {
  const ui = useUi();
  const ofThread = ui.chat.thread.value?.allowed_image_domains;
  const ofPage = ui.options.value.images?.allow;
  return useMemo(() => [...(ofThread ?? []), ...(ofPage ?? [])], [ofThread, ofPage]);
}

/** Runs an action; shows a toast if it fails, unless the chat already shows the error. */
export async function attempt(ui: Ui, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const isBusy = error instanceof Error && error.name === "BusyError";
    const { t } = ui.locale.peek();
    if (isBusy) toast(ui, t("stillAnswering"));
    else if (!ui.chat.error.peek()) toast(ui, t("errorGeneric"), "danger");
    ui.emit("chatkit.log", { name: "action.failed", data: { error: String(error) } });
  }
}

let lastToast = 0;

/** Shows a message for 6 s; a message that is already shown isn't repeated. */
export function toast(ui: Ui, text: string, tone: Toast["tone"] = "info"): void {
  if (ui.toasts.peek().some((other) => other.text === text)) return;
  lastToast += 1;
  const id = lastToast;
  ui.toasts.value = [...ui.toasts.value, { id, text, tone }];
  setTimeout(() => {
    ui.toasts.value = ui.toasts.value.filter((other) => other.id !== id);
  }, 6000);
}
