/** What a stream's events make of a thread's items. Pure: unchanged items keep their identity. */

import type { ThreadItem, ThreadItemUpdate, ThreadStreamEvent, WidgetNode } from "./types";
import { appendText, changeNode } from "./widgetTree";

export type ItemsState = {
  readonly items: readonly ThreadItem[];
  /** Ids of items that were begun and aren't done. */
  readonly open: ReadonlySet<string>;
};

/** Why an event changed nothing; for the log. */
export type Ignored = "unknown-item" | "unknown-update" | "unfit-update" | "unknown-component";

export type Reduced = { state: ItemsState; ignored: Ignored | null };

export const NO_ITEMS: ItemsState = { items: [], open: new Set() };

/** Applies one event. Events that aren't about items leave the state as it is. */
export function reduceItems(state: ItemsState, event: ThreadStreamEvent): Reduced {
  switch (event.type) {
    case "thread.item.added":
      return changed({ items: put(state.items, event.item), open: opened(state, event.item.id) });
    case "thread.item.done":
    case "thread.item.replaced":
      return changed({ items: put(state.items, event.item), open: closed(state, event.item.id) });
    case "thread.item.removed":
      return changed(removeItem(state, event.item_id));
    case "thread.item.updated":
      return updateItem(state, event.item_id, event.update);
    default:
      return changed(state);
  }
}

function updateItem(state: ItemsState, id: string, update: ThreadItemUpdate): Reduced {
  if (update.type === "unknown") return { state, ignored: "unknown-update" };
  // What changes is nearly always the newest item.
  const index = state.items.findLastIndex((item) => item.id === id);
  const item = state.items[index];
  if (item === undefined) return { state, ignored: "unknown-item" };
  const next = applyUpdate(item, update);
  if (typeof next === "string") return { state, ignored: next };
  return changed({ items: state.items.with(index, next), open: state.open });
}

type KnownUpdate = Exclude<ThreadItemUpdate, { type: "unknown" }>;

/** Returns the item after an update, or why it can't be applied. */
function applyUpdate(item: ThreadItem, update: KnownUpdate): ThreadItem | Ignored {
  switch (update.type) {
    case "assistant_message.content_part.added":
    case "assistant_message.content_part.done": {
      if (item.type !== "assistant_message") return "unfit-update";
      const part = { ...update.content, annotations: update.content.annotations ?? [] };
      return { ...item, content: withAt(item.content, update.content_index, part, EMPTY_PART) };
    }
    case "assistant_message.content_part.text_delta": {
      if (item.type !== "assistant_message") return "unfit-update";
      const part = item.content[update.content_index] ?? EMPTY_PART;
      const longer = { ...part, text: part.text + update.delta };
      return { ...item, content: withAt(item.content, update.content_index, longer, EMPTY_PART) };
    }
    case "assistant_message.content_part.annotation_added": {
      if (item.type !== "assistant_message") return "unfit-update";
      const part = item.content[update.content_index] ?? EMPTY_PART;
      // The index says where it belongs among the others; gaps are never left.
      const place = Math.min(update.annotation_index, part.annotations.length);
      const annotations = withAt(part.annotations, place, update.annotation, update.annotation);
      const cited = { ...part, annotations };
      return { ...item, content: withAt(item.content, update.content_index, cited, EMPTY_PART) };
    }
    case "widget.root.updated":
      if (item.type !== "widget") return "unfit-update";
      return { ...item, widget: update.widget };
    case "widget.component.updated":
      return changeWidget(item, update.component_id, () => update.component);
    case "widget.streaming_text.value_delta":
      return changeWidget(item, update.component_id, (node) =>
        appendText(node, update.delta, update.done),
      );
    case "workflow.task.added":
    case "workflow.task.updated": {
      if (item.type !== "workflow") return "unfit-update";
      const { tasks } = item.workflow;
      const place = Math.min(update.task_index, tasks.length);
      return {
        ...item,
        workflow: { ...item.workflow, tasks: withAt(tasks, place, update.task, update.task) },
      };
    }
    case "generated_image.updated":
      if (item.type !== "generated_image") return "unfit-update";
      return { ...item, image: update.image, progress: update.progress ?? null };
  }
}

const EMPTY_PART = { type: "output_text" as const, text: "", annotations: [] };

function changeWidget(
  item: ThreadItem,
  componentId: string,
  change: (node: WidgetNode) => WidgetNode,
): ThreadItem | Ignored {
  if (item.type !== "widget") return "unfit-update";
  const widget = changeNode(item.widget, componentId, change);
  return widget === null ? "unknown-component" : { ...item, widget };
}

/** A copy with `value` at `index`; places before it that don't exist yet get `filler`. */
function withAt<T>(list: readonly T[], index: number, value: T, filler: T): T[] {
  const copy = [...list];
  while (copy.length < index) copy.push(filler);
  copy[index] = value;
  return copy;
}

/** Puts an item where one with its id is, else at the end. */
function put(items: readonly ThreadItem[], item: ThreadItem): readonly ThreadItem[] {
  const index = items.findLastIndex((other) => other.id === item.id);
  return index === -1 ? [...items, item] : items.with(index, item);
}

function removeItem(state: ItemsState, id: string): ItemsState {
  if (!state.items.some((item) => item.id === id)) return state;
  return { items: state.items.filter((item) => item.id !== id), open: closed(state, id) };
}

function opened(state: ItemsState, id: string): ReadonlySet<string> {
  return state.open.has(id) ? state.open : new Set([...state.open, id]);
}

function closed(state: ItemsState, id: string): ReadonlySet<string> {
  if (!state.open.has(id)) return state.open;
  return new Set([...state.open].filter((other) => other !== id));
}

function changed(state: ItemsState): Reduced {
  return { state, ignored: null };
}
