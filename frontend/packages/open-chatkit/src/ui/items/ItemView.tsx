import { useComputed } from "@preact/signals";
import type { ThreadItem } from "../../core/types";
import { Boundary, NotShown } from "../common/Boundary";
import { useUi } from "../context";
import { AssistantMessage } from "./AssistantMessage";
import { ClientToolCall } from "./ClientToolCall";
import { GeneratedImage } from "./GeneratedImage";
import { StructuredInputView } from "./StructuredInput";
import { TaskView } from "./TaskView";
import { UserMessage } from "./UserMessage";
import { Widget } from "./Widget";
import { WorkflowView } from "./WorkflowView";

/** One item. It subscribes to its own signal, so that a streamed token re-renders nothing else. */
export function ItemView({ id }: { id: string }) {
  const { chat } = useUi();
  const item = chat.item(id).value;
  // Computed, so that other items that start or end don't re-render this one.
  const open = useComputed(() => chat.openItemIds.value.has(id)).value;
  // A server completes reasoning late, with the answer that follows it.
  const isLast = useComputed(() => chat.itemIds.value.at(-1) === id).value;
  if (!item) return null;
  return (
    <Boundary of={item} part={item.type} id={id}>
      <ItemBody item={item} open={open && (isLast || item.type !== "workflow")} />
    </Boundary>
  );
}

function ItemBody({ item, open }: { item: ThreadItem; open: boolean }) {
  switch (item.type) {
    case "user_message":
      return (
        <UserMessage
          id={item.id}
          content={item.content}
          attachments={item.attachments}
          quotedText={item.quoted_text || null}
        />
      );
    case "assistant_message":
      return <AssistantMessage item={item} open={open} />;
    case "widget":
      return <Widget widget={item.widget} itemId={item.id} />;
    case "workflow":
      return <WorkflowView workflow={item.workflow} open={open} />;
    case "task":
      return <TaskView task={item.task} />;
    case "generated_image":
      return <GeneratedImage item={item} />;
    case "client_tool_call":
      return <ClientToolCall item={item} />;
    case "structured_input":
      return <StructuredInputView item={item} />;
    case "end_of_turn":
      return null;
    case "unknown":
      // The log event `item.unknown` contains the server's item.
      return <NotShown />;
  }
}
