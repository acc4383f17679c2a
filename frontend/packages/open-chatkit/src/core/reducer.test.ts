import { describe, expect, it } from "vitest";
import { added, assistantMessage, delta, done, userMessage } from "../../test/fixtures/items";
import { parseEvent, parseItem } from "./parse";
import { type ItemsState, NO_ITEMS, reduceItems } from "./reducer";
import type { ThreadItem } from "./types";

function reduce(events: unknown[], state: ItemsState = NO_ITEMS): ItemsState {
  return events.reduce<ItemsState>((before, raw) => {
    const event = parseEvent(raw);
    return event === null ? before : reduceItems(before, event).state;
  }, state);
}

function item(raw: object): ThreadItem {
  const parsed = parseItem(raw);
  if (parsed === null) throw new Error("not an item");
  return parsed;
}

const base = { thread_id: "thr_1", created_at: "2026-01-01T12:00:00Z" };
const widget = (root: object) => ({ ...base, id: "w", type: "widget", widget: root });
const workflow = (...tasks: object[]) => ({
  ...{ ...base, id: "f", type: "workflow" },
  workflow: { type: "custom", tasks },
});
const image = { ...base, id: "i", type: "generated_image" };
const update = (item_id: string, change: object) => ({
  ...{ type: "thread.item.updated", item_id },
  update: change,
});
const card = (...children: object[]) => ({ type: "Card", children });
const text = (id: string, value: string, more = {}) => ({ type: "Text", id, value, ...more });
const source = { type: "url", title: "A page", url: "https://example.com" };
const annotation = (index: number) => ({ type: "annotation", source, index });

describe("applies events", () => {
  it.each<[string, unknown[], unknown[], string[]]>([
    ["an item is added", [added(assistantMessage("a"))], [assistantMessage("a")], ["a"]],
    ["an item is done", [done(userMessage("u", "hi"))], [userMessage("u", "hi")], []],
    [
      "text arrives in pieces",
      [added(assistantMessage("a")), delta("a", "Hel"), delta("a", "lo")],
      [assistantMessage("a", "Hello")],
      ["a"],
    ],
    [
      "the done item replaces streamed text",
      [added(assistantMessage("a")), delta("a", "Hel"), done(assistantMessage("a", "Hello!"))],
      [assistantMessage("a", "Hello!")],
      [],
    ],
    [
      "a replay restarts an item",
      [done(assistantMessage("a", "Hello")), added(assistantMessage("a")), delta("a", "Hel")],
      [assistantMessage("a", "Hel")],
      ["a"],
    ],
    [
      "an item is removed and sent again",
      [
        added(assistantMessage("a")),
        delta("a", "Hel"),
        { type: "thread.item.removed", item_id: "a" },
        added(assistantMessage("b")),
        delta("b", "Hello"),
      ],
      [assistantMessage("b", "Hello")],
      ["b"],
    ],
    [
      "an item is replaced in place",
      [
        done(widget(card(text("t", "1")))),
        done(userMessage("u", "hi")),
        { type: "thread.item.replaced", item: widget(card(text("t", "2"))) },
      ],
      [widget(card(text("t", "2"))), userMessage("u", "hi")],
      [],
    ],
    [
      "content parts are added and done",
      [
        added(assistantMessage("a")),
        update("a", {
          ...{ type: "assistant_message.content_part.added", content_index: 1 },
          content: { type: "output_text", text: "two" },
        }),
        update("a", {
          ...{ type: "assistant_message.content_part.done", content_index: 0 },
          content: { type: "output_text", text: "one", annotations: [] },
        }),
      ],
      [assistantMessage("a", "one", "two")],
      ["a"],
    ],
    [
      "annotations are added, by their index, without gaps",
      [
        added(assistantMessage("a", "x")),
        ...[0, 5, 0].map((annotation_index, number) =>
          update("a", {
            ...{ type: "assistant_message.content_part.annotation_added", content_index: 0 },
            ...{ annotation_index, annotation: annotation(number) },
          }),
        ),
      ],
      [
        {
          ...assistantMessage("a"),
          content: [
            { type: "output_text", text: "x", annotations: [annotation(2), annotation(1)] },
          ],
        },
      ],
      ["a"],
    ],
    [
      "a completed part without annotations keeps those before",
      [
        added(assistantMessage("a", "")),
        update("a", {
          ...{ type: "assistant_message.content_part.annotation_added", content_index: 0 },
          ...{ annotation_index: 0, annotation: annotation(1) },
        }),
        update("a", {
          ...{ type: "assistant_message.content_part.done", content_index: 0 },
          content: { type: "output_text", text: "x", annotations: [] },
        }),
      ],
      [
        {
          ...assistantMessage("a"),
          content: [{ type: "output_text", text: "x", annotations: [annotation(1)] }],
        },
      ],
      ["a"],
    ],
    [
      "text streams into a widget",
      [
        added(widget(card({ type: "Row", children: [text("t", "")] }))),
        ...["Buy", " milk"].map((piece, number) =>
          update("w", {
            ...{ type: "widget.streaming_text.value_delta", component_id: "t" },
            ...{ delta: piece, done: number === 1 },
          }),
        ),
      ],
      [widget(card({ type: "Row", children: [text("t", "Buy milk", { streaming: false })] }))],
      ["w"],
    ],
    [
      "a component of a widget changes, also an only child",
      [
        done(widget(card({ type: "Transition", children: text("t", "1") }))),
        update("w", {
          ...{ type: "widget.component.updated", component_id: "t" },
          component: text("t", "2"),
        }),
      ],
      [widget(card({ type: "Transition", children: text("t", "2") }))],
      [],
    ],
    [
      "a widget changes from its root",
      [
        done(widget(card())),
        update("w", { type: "widget.root.updated", widget: { type: "ListView", children: [] } }),
      ],
      [widget({ type: "ListView", children: [] })],
      [],
    ],
    [
      "tasks of a workflow are added and change",
      [
        added(workflow()),
        ...["added", "updated"].map((what) =>
          update("f", {
            ...{ type: `workflow.task.${what}`, task_index: 0 },
            task: { type: "custom", title: what },
          }),
        ),
      ],
      [workflow({ type: "custom", title: "updated" })],
      ["f"],
    ],
    [
      "an image is generated",
      [
        added(image),
        update("i", {
          type: "generated_image.updated",
          image: { id: "p", url: "data:," },
          progress: 0.5,
        }),
      ],
      [{ ...image, image: { id: "p", url: "data:," }, progress: 0.5 }],
      ["i"],
    ],
  ])("%s", (_, events, items, open) => {
    const state = reduce(events);
    expect(state.items).toEqual(items);
    expect([...state.open]).toEqual(open);
  });
});

describe("an invalid update", () => {
  const state = reduce([done(assistantMessage("a", "x")), done(widget(card()))]);

  it.each([
    ["an update of a missing item", delta("nobody", "x"), "unknown-item"],
    ["an update of an unknown type", update("a", { type: "hologram.rotated" }), "unknown-update"],
    ["an update without any type", update("a", {}), "unknown-update"],
    [
      "an update for another kind of item",
      update("a", { type: "widget.root.updated", widget: card() }),
      "unfit-update",
    ],
    [
      "a missing component",
      update("w", {
        ...{ type: "widget.streaming_text.value_delta", component_id: "gone" },
        ...{ delta: "x", done: true },
      }),
      "unknown-component",
    ],
  ])("%s is reported and ignored", (_, raw, reason) => {
    const event = parseEvent(raw);
    expect(event).not.toBeNull();
    if (event === null) return;
    expect(reduceItems(state, event)).toEqual({ state, ignored: reason });
    expect(reduceItems(state, event).state).toBe(state);
  });
});

it("keeps the identity of unchanged items", () => {
  const before = reduce([done(assistantMessage("a", "x")), added(assistantMessage("b"))]);
  const after = reduce([delta("b", "y")], before);
  expect(after.items[0]).toBe(before.items[0]);
  expect(after.items[1]).not.toBe(before.items[1]);
  expect(after.open).toBe(before.open);
});

describe("parsing", () => {
  it("keeps an item of an unknown type unchanged", () => {
    const raw = { ...base, id: "x", type: "hologram", rotation: 3 };
    expect(item(raw)).toEqual({ ...base, id: "x", type: "unknown", raw });
  });

  it("treats a known item without a required field as unknown", () => {
    expect(item({ ...base, id: "x", type: "widget", widget: null }).type).toBe("unknown");
  });

  it("gives absent and null fields their defaults", () => {
    const raw = { ...base, id: "u", type: "user_message", attachments: null };
    expect(item(raw)).toMatchObject({ content: [], attachments: [], inference_options: {} });
    const answer = { ...base, id: "a", type: "assistant_message", content: [{ text: "x" }] };
    expect(item(answer)).toMatchObject({ content: [{ text: "x", annotations: [] }] });
  });

  it("drops hidden items", () => {
    expect(parseItem({ ...base, id: "h", type: "hidden_context_item", content: "x" })).toBeNull();
    expect(parseEvent(done({ ...base, id: "h", type: "sdk_hidden_context" }))).toBeNull();
  });

  it.each([null, 3, "text", [], {}, { type: "constructor" }, { type: "thread.item.done" }])(
    "parses %j as an unknown event",
    (raw) => {
      expect(parseEvent(raw)).toMatchObject({ type: "unknown" });
    },
  );
});
