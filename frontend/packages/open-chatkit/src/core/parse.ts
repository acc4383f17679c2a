/**
 * Parses server responses and events.
 *
 * Optional fields get their defaults. Unknown types, and items that lack a field needed to display
 * them, become `unknown`. Nothing here throws on invalid input.
 */

import {
  indexOrNull,
  isObject,
  numberOrNull,
  readAnnotation,
  readContent,
  readImage,
  readMembers,
  readTask,
  readWidget,
  textOf,
  textOrNull,
} from "./readItem";
import type {
  JsonObject,
  Page,
  Thread,
  ThreadItem,
  ThreadItemUpdate,
  ThreadMetadata,
  ThreadStreamEvent,
} from "./types";

/** Upper bound for part indexes: messages have few parts, so a larger gap is an error. */
const MAX_PARTS = 1000;

const partIndex = (raw: JsonObject): number | null => {
  const index = indexOrNull(raw.content_index);
  return index !== null && index < MAX_PARTS ? index : null;
};

function contentUpdate(raw: JsonObject): JsonObject | null {
  const content = readContent(raw.content);
  return content && partIndex(raw) !== null ? { content } : null;
}

function taskUpdate(raw: JsonObject): JsonObject | null {
  return indexOrNull(raw.task_index) === null ? null : { task: readTask(raw.task) };
}

/** Validates the fields of each known update; null if the update can't be applied. */
const UPDATES: Record<
  Exclude<ThreadItemUpdate["type"], "unknown">,
  (raw: JsonObject) => JsonObject | null
> = {
  "assistant_message.content_part.added": contentUpdate,
  "assistant_message.content_part.done": contentUpdate,
  "assistant_message.content_part.text_delta": (raw) =>
    typeof raw.delta === "string" && partIndex(raw) !== null ? raw : null,
  "assistant_message.content_part.annotation_added"(raw) {
    const annotation = readAnnotation(raw.annotation);
    const position = indexOrNull(raw.annotation_index);
    return annotation && position !== null && partIndex(raw) !== null ? { annotation } : null;
  },
  "widget.streaming_text.value_delta": (raw) =>
    typeof raw.component_id === "string" && typeof raw.delta === "string"
      ? { done: raw.done === true }
      : null,
  "widget.root.updated"(raw) {
    const widget = readWidget(raw.widget);
    return widget && { widget };
  },
  "widget.component.updated"(raw) {
    const component = readWidget(raw.component);
    return component && typeof raw.component_id === "string" ? { component } : null;
  },
  "workflow.task.added": taskUpdate,
  "workflow.task.updated": taskUpdate,
  "generated_image.updated"(raw) {
    const image = readImage(raw.image);
    return image && { image, progress: numberOrNull(raw.progress) };
  },
};

const PRIVATE_ITEMS = new Set(["hidden_context_item", "sdk_hidden_context"]);

/** Parses an item; returns null for hidden items and items without an ID. */
export function parseItem(raw: unknown): ThreadItem | null {
  if (!isObject(raw) || typeof raw.id !== "string") return null;
  const type = textOf(raw.type);
  if (PRIVATE_ITEMS.has(type)) return null;
  const base = {
    id: raw.id,
    thread_id: textOf(raw.thread_id),
    created_at: textOf(raw.created_at),
  };
  const members = readMembers(type, raw);
  if (members === null) return { ...base, type: "unknown", raw: { ...raw, type } };
  return { ...members, ...base } as ThreadItem;
}

/** Parses a stream's event; returns null for events about hidden items. */
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
      if (PRIVATE_ITEMS.has(textOf(raw.item.type))) return null;
      const item = parseItem(raw.item);
      return item === null ? unknown(raw) : { type: raw.type, item };
    }
    case "thread.item.updated":
      return { type: raw.type, item_id: textOf(raw.item_id), update: parseUpdate(raw.update) };
    case "thread.item.removed":
      return { type: raw.type, item_id: textOf(raw.item_id) };
    case "stream_options": {
      const allow = isObject(raw.stream_options) && raw.stream_options.allow_cancel === true;
      return { type: raw.type, stream_options: { allow_cancel: allow } };
    }
    case "progress_update":
      return { type: raw.type, text: textOf(raw.text), icon: textOrNull(raw.icon) };
    case "client_effect":
      return { type: raw.type, name: textOf(raw.name), data: isObject(raw.data) ? raw.data : {} };
    case "error":
      return {
        type: raw.type,
        code: textOf(raw.code) || "custom",
        message: textOrNull(raw.message),
        allow_retry: raw.allow_retry === true,
      };
    case "notice":
      return {
        type: raw.type,
        level: raw.level === "warning" || raw.level === "danger" ? raw.level : "info",
        message: textOf(raw.message),
        title: textOrNull(raw.title),
      };
    default:
      return unknown(raw);
  }
}

/** Parses a thread's metadata; returns null if the value isn't a thread. */
export function parseThread(raw: unknown): ThreadMetadata | null {
  if (!isObject(raw) || typeof raw.id !== "string") return null;
  const { items: _, ...rest } = raw;
  const thread: JsonObject = { ...rest, created_at: textOf(raw.created_at) };
  const status = isObject(raw.status) ? raw.status : { type: "active" };
  thread.status = "reason" in status ? { ...status, reason: textOrNull(status.reason) } : status;
  // An update leaves out the fields that don't change.
  if ("title" in raw) thread.title = textOrNull(raw.title);
  if ("allowed_image_domains" in raw) {
    const hosts = raw.allowed_image_domains;
    thread.allowed_image_domains = Array.isArray(hosts)
      ? hosts.filter((host) => typeof host === "string")
      : null;
  }
  return thread as ThreadMetadata;
}

/** Parses the response to `threads.get_by_id`. */
export function parseFullThread(raw: unknown): Thread | null {
  const thread = parseThread(raw);
  if (thread === null || !isObject(raw)) return null;
  return { ...thread, items: parsePage(raw.items, parseItem) };
}

/** Parses a page; drops the entries for which `parse` returns null. */
export function parsePage<T>(raw: unknown, parse: (value: unknown) => T | null): Page<T> {
  if (!isObject(raw) || !Array.isArray(raw.data)) return { data: [], has_more: false };
  const data = raw.data.map(parse).filter((value) => value !== null);
  return { data, has_more: raw.has_more === true, after: textOrNull(raw.after) };
}

function parseUpdate(raw: unknown): ThreadItemUpdate {
  if (!isObject(raw)) return { type: "unknown", raw: { value: raw } };
  const read = Object.hasOwn(UPDATES, textOf(raw.type))
    ? UPDATES[raw.type as keyof typeof UPDATES]
    : undefined;
  const members = read?.(raw);
  return members ? ({ ...raw, ...members } as ThreadItemUpdate) : { type: "unknown", raw };
}

function unknown(raw: JsonObject): ThreadStreamEvent {
  return { type: "unknown", raw };
}
