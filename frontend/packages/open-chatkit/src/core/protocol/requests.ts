/** Request bodies, discriminated by `type`. */

import type {
  Attachment,
  InferenceOptions,
  JsonObject,
  Page,
  Thread,
  ThreadItem,
  ThreadMetadata,
  UserMessageContent,
} from "./items";

/** A message in a request. */
export type UserMessageInput = {
  content: UserMessageContent[];
  /** IDs of uploaded files. */
  attachments: string[];
  quoted_text?: string;
  inference_options: InferenceOptions;
};

/** An action of a widget or of the page. */
export type CustomAction = { type: string; payload?: JsonObject | null };

export type StructuredInputSubmission = {
  status: "answered" | "skipped";
  /** By input ID. */
  answers: Record<string, { values: string[]; skipped: boolean }>;
};

export type Order = "asc" | "desc";

/** Parameters of the requests that return a stream. */
export type StreamingParams = {
  "threads.create": { input: UserMessageInput };
  "threads.add_user_message": { thread_id: string; input: UserMessageInput };
  "threads.add_client_tool_output": { thread_id: string; result: unknown };
  "threads.add_structured_input": {
    thread_id: string;
    item_id: string;
    input: StructuredInputSubmission;
  };
  "threads.retry_after_item": { thread_id: string; item_id: string };
  "threads.custom_action": { thread_id: string; item_id?: string; action: CustomAction };
};

/** Parameters of the requests that return JSON. */
export type NonStreamingParams = {
  "threads.get_by_id": { thread_id: string };
  "threads.list": { limit?: number; order?: Order; after?: string };
  "items.list": { thread_id: string; limit?: number; order?: Order; after?: string };
  "items.feedback": { thread_id: string; item_ids: string[]; kind: FeedbackKind };
  "attachments.create": { name: string; size: number; mime_type: string };
  "attachments.delete": { attachment_id: string };
  "threads.update": { thread_id: string; title: string };
  "threads.delete": { thread_id: string };
  "input.transcribe": { audio_base64: string; mime_type: string };
  "threads.sync_custom_action": { thread_id: string; item_id?: string; action: CustomAction };
};

/** Responses to the requests that return JSON. */
export type NonStreamingResponses = {
  "threads.get_by_id": Thread;
  "threads.list": Page<ThreadMetadata>;
  "items.list": Page<ThreadItem>;
  "items.feedback": JsonObject;
  "attachments.create": Attachment;
  "attachments.delete": JsonObject;
  "threads.update": ThreadMetadata;
  "threads.delete": JsonObject;
  "input.transcribe": { text: string };
  "threads.sync_custom_action": { updated_item?: ThreadItem | null };
};

export type StreamingType = keyof StreamingParams;
export type NonStreamingType = keyof NonStreamingParams;
export type FeedbackKind = "positive" | "negative";

type Body<P> = { [T in keyof P]: { type: T; params: P[T]; metadata?: JsonObject } }[keyof P];

export type StreamingRequest = Body<StreamingParams>;
export type NonStreamingRequest = Body<NonStreamingParams>;
export type ChatKitRequest = StreamingRequest | NonStreamingRequest;
