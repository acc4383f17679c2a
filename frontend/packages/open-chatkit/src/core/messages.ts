/** Builds requests from drafts and from the page's messages. */

import type {
  Attachment,
  Draft,
  PendingMessage,
  SendParams,
  StreamingRequest,
  UserMessageContent,
  UserMessageInput,
} from "./types";

/** A message that isn't sent yet. */
export type Message = {
  content: readonly UserMessageContent[];
  attachments: readonly Attachment[];
  quotedText: string | null;
  toolId: string | null;
  modelId: string | null;
};

export function messageOfDraft(draft: Draft): Message {
  const attachments = draft.files.map((file) => file.attachment).filter((a) => a !== null);
  const { content, reply, toolId, modelId } = draft;
  return { content: trimContent(content), attachments, quotedText: reply, toolId, modelId };
}

export function messageOfParams(params: SendParams): Message {
  const content = params.content ?? [{ type: "input_text" as const, text: params.text ?? "" }];
  return {
    content: trimContent(content),
    attachments: params.attachments ?? [],
    quotedText: params.reply ?? null,
    toolId: params.toolChoice?.id ?? null,
    modelId: params.model ?? null,
  };
}

export function isEmptyMessage({ content, attachments }: Message): boolean {
  return content.length === 0 && attachments.length === 0;
}

export function pendingMessage(message: Message, id: string): PendingMessage {
  const { content, attachments, quotedText } = message;
  return { id, content, attachments, quotedText, status: "sending" };
}

/** Returns the request for a message, in an existing thread or in a new one. */
export function messageRequest(message: Message, threadId: string | null): StreamingRequest {
  const input: UserMessageInput = {
    content: [...message.content],
    attachments: message.attachments.map((attachment) => attachment.id),
    quoted_text: message.quotedText ?? "", // as the official client does
    inference_options: {
      ...(message.toolId === null ? {} : { tool_choice: { id: message.toolId } }),
      ...(message.modelId === null ? {} : { model: message.modelId }),
    },
  };
  return threadId === null
    ? { type: "threads.create", params: { input } }
    : { type: "threads.add_user_message", params: { thread_id: threadId, input } };
}

/** Returns a new Idempotency-Key; `randomUUID` doesn't exist on plain http. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Trims the content as a whole and drops empty parts. */
function trimContent(content: readonly UserMessageContent[]): UserMessageContent[] {
  const last = content.length - 1;
  return content
    .map((part, index) => {
      if (part.type !== "input_text") return part;
      let { text } = part;
      if (index === 0) text = text.trimStart();
      if (index === last) text = text.trimEnd();
      return { ...part, text };
    })
    .filter((part) => part.type !== "input_text" || part.text !== "");
}
