import { Icon } from "../../icons/Icon";
import { useT, useUi } from "../context";

/** The assistant's progress before its next text: a line, or three dots. */
export function ProgressLine() {
  const { chat } = useUi();
  const t = useT();
  if (!chat.isResponding.value) return null;
  const progress = chat.progress.value;
  if (chat.isStopping.value) return <div class="progress shimmer">{t("stopping")}</div>;
  if (progress) {
    return (
      <div class="progress" part="progress" dir="auto">
        {progress.icon ? <Icon name={progress.icon} size={18} /> : <span class="spinner" />}
        <span class="shimmer">{progress.text}</span>
      </div>
    );
  }
  // Streamed text already shows progress.
  if (chat.openItemIds.value.size > 0) return null;
  return (
    <div class="progress dots" part="progress">
      <span class="visually-hidden">{t("thinking")}</span>
      <i />
      <i />
      <i />
    </div>
  );
}
