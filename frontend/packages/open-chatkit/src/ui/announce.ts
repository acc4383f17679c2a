import { effect } from "@preact/signals";
import type { ThreadItem } from "../core/types";
import type { Ui } from "./context";
import { stopText, turnText } from "./thread/turns";

/** About a minute of speech; a screen reader can read the rest from the message. */
const MAX_CHARS = 1200;

function lastTurn(ui: Ui): readonly ThreadItem[] {
  const items = ui.chat.items.peek();
  return items.slice(
    Math.max(
      0,
      items.findLastIndex((item) => item.type === "user_message"),
    ),
  );
}

/** Announces the start of a response and, at its end, its text or that it failed. */
export function announceResponses(ui: Ui): () => void {
  const { chat } = ui;
  let before = false;
  let wasStopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const announceEnd = (): void => {
    const { t } = ui.locale.peek();
    const turn = lastTurn(ui);
    const early = stopText(
      chat,
      turn.map(({ id }) => id),
    );
    // The error itself is an alert.
    if (chat.error.peek() !== null) ui.announcement.value = t("errorGeneric");
    else if (wasStopped || early) ui.announcement.value = t(early ?? "stopped");
    else ui.announcement.value = turnText(turn).slice(0, MAX_CHARS) || t("responded");
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
