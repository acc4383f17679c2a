import { pendingCall } from "../../core/clientTools";
import type { ClientToolCallItem } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { useT, useUi } from "../context";
import { toolText } from "./toolLabel";

/** A tool that runs in the page, and its status. */
export function ClientToolCall({ item }: { item: ClientToolCallItem }) {
  const t = useT();
  const { chat, options } = useUi();
  const text = toolText(item, options.value.clientTools?.labels);
  if (text === null) return null;
  const pending = item.status === "pending";
  // A pending call runs when the stream has ended. Without a handler it waits for the page, and a
  // later message abandons it.
  const running =
    pending &&
    chat.isResponding.value &&
    chat.pending.value === null &&
    pendingCall(chat.items.value)?.id === item.id;
  const key = running ? "toolRunning" : "toolDone";
  const name = "name" in text && pending && !running ? text.name : null;
  return (
    <div class={`tool-call ${running ? "running" : ""}`} part="tool-call" dir="auto">
      {running ? <span class="spinner" /> : <Icon name="tool" size={16} />}
      <span class={running ? "shimmer" : ""}>
        {"label" in text ? text.label : (name ?? t(key, text))}
      </span>
    </div>
  );
}
