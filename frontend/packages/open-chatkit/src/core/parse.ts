/**
 * Takes in what servers send.
 *
 * Known shapes are trusted as far as a view needs them; fields that a server may leave out get
 * their defaults. Unknown types are kept as `unknown`. Nothing here throws for odd input.
 */

import type {
  JsonObject,
  Page,
  Thread,
  ThreadItem,
  ThreadItemUpdate,
  ThreadMetadata,
  ThreadStreamEvent,
} from "./types";

const ITEM_DEFAULTS: Record<Exclude<ThreadItem["type"], "unknown">, JsonObject> = {
  user_message: { content: [], attachments: [], inference_options: {} },
  assistant_message: { content: [] },
  client_tool_call: { status: "pending", arguments: {} },
  widget: {},
  generated_image: {},
  structured_input: { status: "pending", inputs: [] },
  task: {},
  workflow: {},
  end_of_turn: {},
};

/** What an item must have besides, to be shown as what it says it is. */
const ITEM_NEEDS: Partial<Record<ThreadItem["type"], string>> = {
  widget: "widget",
  task: "task",
  workflow: "workflow",
};

const UPDATES = new Set<string>([
  "assistant_message.content_part.added",
  "assistant_message.content_part.text_delta",
  "assistant_message.content_part.annotation_added",
  "assistant_message.content_part.done",
  "widget.streaming_text.value_delta",
  "widget.root.updated",
  "widget.component.updated",
  "workflow.task.added",
  "workflow.task.updated",
  "generated_image.updated",
] satisfies ThreadItemUpdate["type"][]);

const PRIVATE_ITEMS = new Set(["hidden_context_item", "sdk_hidden_context"]);

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses an item; null for one that isn't meant to be seen or has no id. */
export function parseItem(raw: unknown): ThreadItem | null {
  if (!isObject(raw) || typeof raw.id !== "string") return null;
  const type = String(raw.type);
  if (PRIVATE_ITEMS.has(type)) return null;
  const base = {
    id: raw.id,
    thread_id: String(raw.thread_id ?? ""),
    created_at: String(raw.created_at ?? ""),
  };
  const defaults = Object.hasOwn(ITEM_DEFAULTS, type)
    ? ITEM_DEFAULTS[type as keyof typeof ITEM_DEFAULTS]
    : undefined;
  const needed = ITEM_NEEDS[type as ThreadItem["type"]];
  if (defaults === undefined || (needed !== undefined && !isObject(raw[needed]))) {
    return { ...base, type: "unknown", raw: { ...raw, type } };
  }
  const item = { ...defaults, ...withoutNulls(raw, defaults), ...base } as ThreadItem;
  if (item.type !== "assistant_message") return item;
  const content = item.content.map((part) => ({ ...part, annotations: part.annotations ?? [] }));
  return { ...item, content };
}

/** Parses a stream's event; null for one that isn't meant to be seen. */
export function parseEvent(raw: unknown): ThreadStreamEvent | null {
  if (!isObject(raw)) return { type: "unknown", raw: { value: raw } };
  switch (raw.type) {
    case "thread.created":
    case "thread.updated": {
      const thread = parseThread(raw.thread);
      return thread === null ? unknown(raw) : { type: raw.type, thread };
    }
    case "thread.item.added":
    case "thread.item.done":
    case "thread.item.replaced": {
      if (!isObject(raw.item)) return unknown(raw);
      if (PRIVATE_ITEMS.has(String(raw.item.type))) return null;
      const item = parseItem(raw.item);
      return item === null ? unknown(raw) : { type: raw.type, item };
    }
    case "thread.item.updated":
      return { type: raw.type, item_id: String(raw.item_id), update: parseUpdate(raw.update) };
    case "thread.item.removed":
      return { type: raw.type, item_id: String(raw.item_id) };
    case "stream_options": {
      const allow = isObject(raw.stream_options) && raw.stream_options.allow_cancel === true;
      return { type: raw.type, stream_options: { allow_cancel: allow } };
    }
    case "progress_update":
      return { type: raw.type, text: String(raw.text ?? ""), icon: textOrNull(raw.icon) };
    case "client_effect":
      return { type: raw.type, name: String(raw.name), data: isObject(raw.data) ? raw.data : {} };
    case "error":
      return {
        type: raw.type,
        code: String(raw.code ?? "custom"),
        message: textOrNull(raw.message),
        allow_retry: raw.allow_retry === true,
      };
    case "notice":
      return {
        type: raw.type,
        level: raw.level === "warning" || raw.level === "danger" ? raw.level : "info",
        message: String(raw.message ?? ""),
        title: textOrNull(raw.title),
      };
    default:
      return unknown(raw);
  }
}

/** Parses a thread, with or without its items; null if it is none. */
export function parseThread(raw: unknown): ThreadMetadata | null {
  if (!isObject(raw) || typeof raw.id !== "string") return null;
  const { items: _, ...rest } = raw;
  const status = isObject(raw.status) ? raw.status : { type: "active" };
  return {
    ...rest,
    id: raw.id,
    created_at: String(raw.created_at ?? ""),
    status,
  } as ThreadMetadata;
}

/** Parses the answer to `threads.get_by_id`. */
export function parseFullThread(raw: unknown): Thread | null {
  const thread = parseThread(raw);
  if (thread === null || !isObject(raw)) return null;
  return { ...thread, items: parsePage(raw.items, parseItem) };
}

/** Parses a page of anything; what `parse` makes nothing of is left out. */
export function parsePage<T>(raw: unknown, parse: (value: unknown) => T | null): Page<T> {
  if (!isObject(raw) || !Array.isArray(raw.data)) return { data: [], has_more: false };
  const data = raw.data.map(parse).filter((value) => value !== null);
  return { data, has_more: raw.has_more === true, after: textOrNull(raw.after) };
}

function parseUpdate(raw: unknown): ThreadItemUpdate {
  if (!isObject(raw)) return { type: "unknown", raw: { value: raw } };
  if (!UPDATES.has(String(raw.type))) return { type: "unknown", raw };
  return raw as ThreadItemUpdate;
}

function unknown(raw: JsonObject): ThreadStreamEvent {
  return { type: "unknown", raw };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Null means "not said" wherever there is a default. */
function withoutNulls(raw: JsonObject, defaults: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(raw).filter(([name, value]) => value !== null || !(name in defaults)),
  );
}
