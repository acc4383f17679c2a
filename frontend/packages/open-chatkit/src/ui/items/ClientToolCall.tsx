import type { ClientToolCallItem } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { useT, useUi } from "../context";

/** Converts `open_task` to "open task". */
function readable(name: string): string {
  return name
    .replace(/[_-]+/gu, " ")
    .replace(/([a-z])([A-Z])/gu, "$1 $2")
    .toLowerCase();
}

/** A tool that runs in the page, and its status. */
export function ClientToolCall({ item }: { item: ClientToolCallItem }) {
  const t = useT();
  const { chat } = useUi();
  const running = item.status === "pending" && chat.runningTools.value.length > 0;
  const values = { name: readable(item.name) };
  return (
    <div class={`tool-call ${running ? "running" : ""}`} part="tool-call">
      {running ? <span class="spinner" /> : <Icon name="tool" size={16} />}
      <span class={running ? "shimmer" : ""}>
        {t(running ? "toolRunning" : "toolDone", values)}
      </span>
    </div>
  );
}
