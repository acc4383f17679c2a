/** The events of a stream. */

import type {
  Annotation,
  AssistantMessageContent,
  GeneratedImage,
  JsonObject,
  Task,
  ThreadItem,
  ThreadMetadata,
  WidgetNode,
} from "./items";

export type ThreadItemUpdate =
  | {
      type: "assistant_message.content_part.added";
      content_index: number;
      content: AssistantMessageContent;
    }
  | { type: "assistant_message.content_part.text_delta"; content_index: number; delta: string }
  | {
      type: "assistant_message.content_part.annotation_added";
      content_index: number;
      annotation_index: number;
      annotation: Annotation;
    }
  | {
      type: "assistant_message.content_part.done";
      content_index: number;
      content: AssistantMessageContent;
    }
  | {
      type: "widget.streaming_text.value_delta";
      component_id: string;
      delta: string;
      done: boolean;
    }
  | { type: "widget.root.updated"; widget: WidgetNode }
  | { type: "widget.component.updated"; component_id: string; component: WidgetNode }
  | { type: "workflow.task.added"; task_index: number; task: Task }
  | { type: "workflow.task.updated"; task_index: number; task: Task }
  | { type: "generated_image.updated"; image: GeneratedImage; progress?: number | null }
  | { type: "unknown"; raw: JsonObject };

export type ErrorEvent = {
  type: "error";
  code: string;
  message?: string | null;
  allow_retry: boolean;
};

export type NoticeEvent = {
  type: "notice";
  level: "info" | "warning" | "danger";
  /** Markdown. */
  message: string;
  title?: string | null;
};

export type ThreadStreamEvent =
  | { type: "thread.created"; thread: ThreadMetadata }
  | { type: "thread.updated"; thread: ThreadMetadata }
  | { type: "thread.item.added"; item: ThreadItem }
  | { type: "thread.item.updated"; item_id: string; update: ThreadItemUpdate }
  | { type: "thread.item.done"; item: ThreadItem }
  | { type: "thread.item.removed"; item_id: string }
  | { type: "thread.item.replaced"; item: ThreadItem }
  | { type: "stream_options"; stream_options: { allow_cancel: boolean } }
  | { type: "progress_update"; icon?: string | null; text: string }
  | { type: "client_effect"; name: string; data: JsonObject }
  | ErrorEvent
  | NoticeEvent
  | { type: "unknown"; raw: JsonObject };
