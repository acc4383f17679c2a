import { Icon } from "../../icons/Icon";
import { IconButton } from "../common/IconButton";
import { attempt, useT, useUi } from "../context";
import { focusThread } from "../focus";
import type { Dictation } from "./useDictation";

function DictationControls({ dictation }: { dictation: Dictation }) {
  const t = useT();
  if (dictation.state === "recording") {
    return (
      <span class="dictating">
        <span class="listening" role="status">
          <i />
          {t("listening")}
        </span>
        <IconButton icon="close" label={t("dictateCancel")} onClick={dictation.discard} />
        <IconButton
          icon="check"
          look="primary"
          label={t("dictateStop")}
          onClick={dictation.finish}
        />
      </span>
    );
  }
  if (dictation.state === "transcribing") {
    return (
      <span class="dictating" role="status">
        <span class="spinner" />
        <span class="visually-hidden">{t("transcribing")}</span>
      </span>
    );
  }
  return (
    <IconButton
      icon="mic"
      label={t("dictate")}
      disabled={dictation.state === "starting"}
      onClick={() => void dictation.start()}
    />
  );
}

/** The buttons to dictate, and to send or stop. */
export function SendControls({ dictation }: { dictation: Dictation | null }) {
  const ui = useUi();
  const { chat } = ui;
  const t = useT();
  const recording = dictation?.state === "recording";
  const stops = chat.isResponding.value && chat.canStop.value;
  return (
    <>
      {dictation && <DictationControls dictation={dictation} />}
      {!recording && stops && (
        <IconButton
          icon="stop"
          size={14}
          look="primary"
          class="send"
          part="stop-button"
          label={t(chat.isStopping.value ? "stopping" : "stop")}
          disabled={chat.isStopping.value}
          onClick={() => {
            // The button disappears with the response.
            focusThread(ui);
            void attempt(ui, () => chat.stop());
          }}
        />
      )}
      {!recording && !stops && (
        <button
          type="submit"
          class="icon-button primary send"
          part="send-button"
          aria-label={t("send")}
          title={t("send")}
          disabled={!chat.composer.canSend.value || chat.isResponding.value}
        >
          <Icon name="arrow-up" size={20} />
        </button>
      )}
    </>
  );
}
