import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toast, useUi } from "../context";

/**
 * Sends what is in the composer, now or as soon as it can be: somebody who presses Enter while the
 * end of an answer is still on its way has said what they want.
 *
 * @param onSend what else happens when a message goes out.
 */
export function useSend(onSend: () => void): () => void {
  const ui = useUi();
  const { chat } = ui;
  const { composer } = chat;

  const sendNow = async (): Promise<void> => {
    onSend();
    // The chat shows the other answer; the message is back in the field.
    if ((await chat.send()) === "busy") toast(ui, ui.locale.peek().t("busy"));
  };
  const latest = useRef(sendNow);
  latest.current = sendNow;

  useEffect(() => {
    // What went wrong is read first, and the message may have to be another one now.
    const stopAtErrors = effect(() => {
      if (chat.error.value !== null) composer.setWaiting(false);
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      clearTimeout(timer);
      if (!composer.isWaiting.value || !composer.canSend.value) return;
      // After all that an answer's end brings with it: an error, or a tool of the page.
      timer = setTimeout(() => void latest.current());
    });
    return () => {
      stopAtErrors();
      stop();
      clearTimeout(timer);
    };
  }, [chat, composer]);

  return () => {
    if (composer.canSend.peek()) void sendNow();
    else composer.setWaiting(true);
  };
}
