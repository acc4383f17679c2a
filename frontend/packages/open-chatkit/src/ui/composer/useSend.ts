import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toast, useUi } from "../context";

/**
 * Returns a function that sends the draft, now or as soon as possible: Enter during a response
 * queues the message.
 *
 * @param onSend called when a message is sent.
 */
export function useSend(onSend: () => void): () => void {
  const ui = useUi();
  const { chat } = ui;
  const { composer } = chat;

  const sendNow = async (): Promise<void> => {
    onSend();
    // The chat shows the other response; the message is back in the field.
    if ((await chat.send()) === "busy") toast(ui, ui.locale.peek().t("busy"));
  };
  const latest = useRef(sendNow);
  latest.current = sendNow;

  useEffect(() => {
    // On an error, let the user read it first: they may want to change the message.
    const stopAtErrors = effect(() => {
      if (chat.error.value !== null) composer.setWaiting(false);
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      clearTimeout(timer);
      if (!composer.isWaiting.value || !composer.canSend.value) return;
      // Deferred until the end of the response is processed, with its error or client tool.
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
