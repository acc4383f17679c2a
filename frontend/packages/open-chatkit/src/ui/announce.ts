import { effect } from "@preact/signals";
import type { Ui } from "./context";
import { turnText } from "./thread/turns";

/** About a minute of speech; a screen reader can read the rest from the message. */
const MAX_CHARS = 1200;

function lastResponseText(ui: Ui): string {
  const items = ui.chat.items.peek();
  const from = items.findLastIndex((item) => item.type === "user_message");
  return turnText(items.slice(from + 1)).slice(0, MAX_CHARS);
}

/** Announces the start of a response and, at its end, its text or that it failed. */
export function announceResponses(ui: Ui): () => void {
  const { chat } = ui;
  let before = false;
  let wasStopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const announceEnd = (): void => {
    const { t } = ui.locale.peek();
    // The error itself is an alert.
    if (chat.error.peek() !== null) ui.announcement.value = t("errorGeneric");
    else if (wasStopped) ui.announcement.value = t("stopped");
    else ui.announcement.value = lastResponseText(ui) || t("responded");
  };
  const stop = effect(() => {
    const responding = chat.isResponding.value;
    wasStopped ||= chat.isStopping.value;
    if (responding === before) return;
    before = responding;
    clearTimeout(timer);
    if (!responding) {
      // Deferred, because an error is set only after the end.
      timer = setTimeout(announceEnd);
      return;
    }
    wasStopped = false;
    ui.announcement.value = ui.locale.peek().t("responding");
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
