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
  // Pending calls run when the stream has ended; without a handler, they wait for the page.
  const running = pending && chat.isResponding.value;
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
