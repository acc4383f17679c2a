/** What every view of one element shares. */

import type { ChatKitEvents, ChatKitOptions } from "@openai/chatkit";
import type { ReadonlySignal, Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Chat } from "../core/types";
import type { Locale } from "../locale";

/** The official options that views read; the core reads the rest. */
export type UiOptions = Omit<ChatKitOptions, "api">;

/** Says an official event on the element. */
export type Emit = <K extends keyof ChatKitEvents>(
  type: K,
  detail: ChatKitEvents[K]["detail"],
) => void;

/** Something that is said for a few seconds. */
export type Toast = { id: number; text: string; tone: "info" | "danger" };

export type Ui = {
  chat: Chat;
  options: ReadonlySignal<UiOptions>;
  locale: ReadonlySignal<Locale>;
  /** The host of the server, which may be another than the page's; null for the same one. */
  apiHost: ReadonlySignal<string | null>;
  /** The element. */
  host: HTMLElement;
  /** Where menus and dialogs go, and what has the theme. */
  frame: HTMLElement;
  emit: Emit;
  /** What the panel shows. */
  view: Signal<"chat" | "history">;
  /** Puts the cursor into the composer, when there is one. */
  focusComposer: Signal<(() => void) | null>;
  /** Said to screen readers. */
  announcement: Signal<string>;
  toasts: Signal<readonly Toast[]>;
};

const UiContext = createContext<Ui | null>(null);
export const UiProvider = UiContext.Provider;

/** The views' shared state; only inside an element. */
export function useUi(): Ui {
  const ui = useContext(UiContext);
  if (!ui) throw new Error("This view belongs inside an <openai-chatkit> element.");
  return ui;
}

/** The words of the interface. */
export function useT(): Locale["t"] {
  return useUi().locale.value.t;
}

/** Does something with the chat; a failure is said, unless the chat says it at its place. */
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

/** Says something for a few seconds; not twice at the same time. */
export function toast(ui: Ui, text: string, tone: Toast["tone"] = "info"): void {
  if (ui.toasts.peek().some((other) => other.text === text)) return;
  lastToast += 1;
  const id = lastToast;
  ui.toasts.value = [...ui.toasts.value, { id, text, tone }];
  setTimeout(() => {
    ui.toasts.value = ui.toasts.value.filter((other) => other.id !== id);
  }, 6000);
}
