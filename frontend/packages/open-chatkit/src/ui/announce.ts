import { effect } from "@preact/signals";
import type { Ui } from "./context";
import { turnText } from "./thread/turns";

/** A screen reader can be asked for more; this is about a minute of speech. */
const LONGEST = 1200;

function lastAnswer(ui: Ui): string {
  const items = ui.chat.items.peek();
  const from = items.findLastIndex((item) => item.type === "user_message");
  return turnText(items.slice(from + 1)).slice(0, LONGEST);
}

/** Says when an answer begins, and what it says when it is complete. */
export function announceAnswers(ui: Ui): () => void {
  let before = false;
  return effect(() => {
    const responding = ui.chat.isResponding.value;
    if (responding === before) return;
    before = responding;
    const { t } = ui.locale.peek();
    ui.announcement.value = responding ? t("responding") : lastAnswer(ui) || t("responded");
  });
}
