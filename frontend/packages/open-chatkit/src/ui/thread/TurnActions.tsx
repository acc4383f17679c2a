import { useComputed } from "@preact/signals";
import type { FeedbackKind } from "../../core/types";
import { IconButton } from "../common/IconButton";
import { useCopy } from "../common/useCopy";
import { attempt, toast, useT, useUi } from "../context";
import { focusThread } from "../focus";
import { type Turn, turnText } from "./turns";

function Feedback({ itemIds }: { itemIds: readonly string[] }) {
  const ui = useUi();
  const t = useT();
  const given = useComputed(() => {
    const all = ui.chat.feedbackGiven.value;
    return itemIds.map((id) => all.get(id)).find((kind) => kind !== undefined);
  }).value;
  const give = async (kind: FeedbackKind): Promise<void> => {
    try {
      await ui.chat.feedback(itemIds, kind);
    } catch {
      toast(ui, t("errorGeneric"), "danger");
    }
  };
  return (
    <>
      <IconButton
        icon="thumbs-up"
        label={t("goodResponse")}
        look="quiet"
        size={18}
        pressed={given === "positive"}
        onClick={() => void give("positive")}
      />
      <IconButton
        icon="thumbs-down"
        label={t("badResponse")}
        look="quiet"
        size={18}
        pressed={given === "negative"}
        onClick={() => void give("negative")}
      />
    </>
  );
}

/** The actions for a response: copy, rate, regenerate. */
export function TurnActions({ turn, last }: { turn: Turn; last: boolean }) {
  const ui = useUi();
  const t = useT();
  const { chat } = ui;
  const { feedback = false, retry = false } = ui.options.value.threadItemActions ?? {};
  const { copied, copy } = useCopy();
  const answers = turn.itemIds.filter((id) => id !== turn.userItemId);
  // Peek is enough: these actions aren't shown while the turn is streaming.
  const text = turnText(answers.map((id) => chat.item(id).peek()));
  const responding = chat.isResponding.value;
  if (answers.length === 0 || (last && responding)) return null;
  return (
    <div class={`turn-actions ${last ? "last" : ""}`} part="turn-actions">
      {text !== "" && (
        <IconButton
          icon={copied ? "check" : "copy"}
          label={t(copied ? "copied" : "copy")}
          look="quiet"
          size={18}
          onClick={() => void copy(text)}
        />
      )}
      {feedback && <Feedback itemIds={answers} />}
      {retry && turn.userItemId && (
        <IconButton
          icon="reload"
          label={t("retryResponse")}
          look="quiet"
          size={18}
          disabled={responding}
          onClick={() => {
            focusThread(ui);
            void attempt(ui, () => chat.retry(turn.userItemId ?? undefined));
          }}
        />
      )}
    </div>
  );
}
