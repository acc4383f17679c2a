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

/** Announces the start of a response and, when it is complete, its text. */
export function announceResponses(ui: Ui): () => void {
  let before = false;
  return effect(() => {
    const responding = ui.chat.isResponding.value;
    if (responding === before) return;
    before = responding;
    const { t } = ui.locale.peek();
    ui.announcement.value = responding ? t("responding") : lastResponseText(ui) || t("responded");
  });
}
