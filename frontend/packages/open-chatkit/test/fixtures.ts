/** Things that servers say, made short. */

const CREATED = "2026-01-01T12:00:00Z";

export function thread(id = "thr_1", members: Record<string, unknown> = {}) {
  return { id, created_at: CREATED, status: { type: "active" }, ...members };
}

export function userMessage(id: string, text: string) {
  return {
    ...{ id, thread_id: "thr_1", created_at: CREATED, type: "user_message" as const },
    content: [{ type: "input_text" as const, text }],
    attachments: [],
    inference_options: {},
  };
}

export function assistantMessage(id: string, ...texts: string[]) {
  return {
    ...{ id, thread_id: "thr_1", created_at: CREATED, type: "assistant_message" as const },
    content: texts.map((text) => ({ type: "output_text" as const, text, annotations: [] })),
  };
}

export function toolCall(id: string, status: "pending" | "completed" = "pending") {
  return {
    ...{ id, thread_id: "thr_1", created_at: CREATED, type: "client_tool_call" as const },
    ...{ status, call_id: `call_${id}`, name: "where_am_i", arguments: { exact: true } },
  };
}

export const added = (item: object) => ({ type: "thread.item.added", item });
export const done = (item: object) => ({ type: "thread.item.done", item });
export const delta = (item_id: string, text: string) => ({
  type: "thread.item.updated",
  item_id,
  update: {
    type: "assistant_message.content_part.text_delta",
    content_index: 0,
    delta: text,
  },
});

/** A page as `items.list` and `threads.list` have it. */
export function page<T>(data: T[], after: string | null = null) {
  return { data, has_more: after !== null, after };
}

/** `threads.get_by_id`'s answer. */
export function fullThread(items: object[], members: Record<string, unknown> = {}) {
  return { ...thread("thr_1", members), items: page(items) };
}
