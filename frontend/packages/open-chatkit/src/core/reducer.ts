/** Applies a stream's events to a thread's items. Pure: unchanged items keep their identity. */

import type { ThreadItem, ThreadItemUpdate, ThreadStreamEvent, WidgetNode } from "./types";
import { appendText, changeNode } from "./widgetTree";

export type ItemsState = {
  readonly items: readonly ThreadItem[];
  /** IDs of items that were added and aren't done. */
  readonly open: ReadonlySet<string>;
};

/** The reason why an event was ignored, for the log. */
export type Ignored = "unknown-item" | "unknown-update" | "unfit-update" | "unknown-component";

export type Reduced = { state: ItemsState; ignored: Ignored | null };

export const NO_ITEMS: ItemsState = { items: [], open: new Set() };

/** Applies one event. Events that aren't about items leave the state as it is. */
export function reduceItems(state: ItemsState, event: ThreadStreamEvent): Reduced {
  switch (event.type) {
    case "thread.item.added":
      return applied({
        items: upsertItem(state.items, event.item),
        open: withOpen(state, event.item.id),
      });
    case "thread.item.done":
    case "thread.item.replaced":
      return applied({
        items: upsertItem(state.items, event.item),
        open: withoutOpen(state, event.item.id),
      });
    case "thread.item.removed":
      return applied(removeItem(state, event.item_id));
    case "thread.item.updated":
      return updateItem(state, event.item_id, event.update);
    default:
      return applied(state);
  }
}

function updateItem(state: ItemsState, id: string, update: ThreadItemUpdate): Reduced {
  if (update.type === "unknown") return { state, ignored: "unknown-update" };
  // Updates are nearly always for the newest item.
  const index = state.items.findLastIndex((item) => item.id === id);
  const item = state.items[index];
  if (item === undefined) return { state, ignored: "unknown-item" };
  const next = applyUpdate(item, update);
  if (typeof next === "string") return { state, ignored: next };
  return applied({ items: state.items.with(index, next), open: state.open });
}

type KnownUpdate = Exclude<ThreadItemUpdate, { type: "unknown" }>;

/** Returns the updated item, or the reason why the update can't be applied. */
function applyUpdate(item: ThreadItem, update: KnownUpdate): ThreadItem | Ignored {
  switch (update.type) {
    case "assistant_message.content_part.added":
    case "assistant_message.content_part.done": {
      if (item.type !== "assistant_message") return "unfit-update";
      // The official server completes a part without the annotations that it has sent before.
      const known = item.content[update.content_index]?.annotations ?? [];
      const own = update.content.annotations ?? [];
      const part = { ...update.content, annotations: own.length > 0 ? own : known };
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
      // A larger index would leave a gap.
      const position = Math.min(update.annotation_index, part.annotations.length);
      const annotations = withAt(part.annotations, position, update.annotation, update.annotation);
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
      const position = Math.min(update.task_index, tasks.length);
      return {
        ...item,
        workflow: { ...item.workflow, tasks: withAt(tasks, position, update.task, update.task) },
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

/** Returns a copy with `value` at `index`; pads the list with `filler` if it is shorter. */
function withAt<T>(list: readonly T[], index: number, value: T, filler: T): T[] {
  const copy = [...list];
  while (copy.length < index) copy.push(filler);
  copy[index] = value;
  return copy;
}

/** Replaces the item with the same ID, or appends it. */
function upsertItem(items: readonly ThreadItem[], item: ThreadItem): readonly ThreadItem[] {
  const index = items.findLastIndex((other) => other.id === item.id);
  return index === -1 ? [...items, item] : items.with(index, item);
}

function removeItem(state: ItemsState, id: string): ItemsState {
  if (!state.items.some((item) => item.id === id)) return state;
  return { items: state.items.filter((item) => item.id !== id), open: withoutOpen(state, id) };
}

function withOpen(state: ItemsState, id: string): ReadonlySet<string> {
  return state.open.has(id) ? state.open : new Set([...state.open, id]);
}

function withoutOpen(state: ItemsState, id: string): ReadonlySet<string> {
  if (!state.open.has(id)) return state.open;
  return new Set([...state.open].filter((other) => other !== id));
}

function applied(state: ItemsState): Reduced {
  return { state, ignored: null };
}
