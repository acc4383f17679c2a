import type { ThreadStatus } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { useT, useUi } from "../context";

/** Replaces the composer in threads that accept no more messages. */
export function ClosedThread({ status }: { status: Exclude<ThreadStatus, { type: "active" }> }) {
  const ui = useUi();
  const t = useT();
  const fallback = t(status.type === "locked" ? "threadLocked" : "threadClosed");
  return (
    <div class="closed" part="closed" role="status">
      <Icon name="lock" size={18} />
      <span class="closed-text" dir="auto">
        {status.reason || fallback}
      </span>
      <button
        type="button"
        class="button small"
        onClick={() => {
          ui.chat.newThread();
          requestAnimationFrame(() => ui.focusComposer.value?.());
        }}
      >
        {t("startNewChat")}
      </button>
    </div>
  );
}
