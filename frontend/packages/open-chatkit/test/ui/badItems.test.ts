/** Invalid items, events and markdown don't affect the rest of a thread. */

import { waitFor } from "@testing-library/preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ThreadItem } from "../../src/core/types";
import { OpenChatKitElement } from "../../src/element/OpenChatKitElement";
import { registerWidget } from "../../src/ui";
import { assistantItem, leavePage, openPage, userItem } from "./page";

type Json = Record<string, unknown>;
type Log = { name: string; data: Json };

let logs: Log[] = [];
const onLog = (event: Event): void => {
  logs.push((event as CustomEvent<Log>).detail);
};

beforeEach(() => {
  logs = [];
  document.addEventListener("chatkit.log", onLog);
});

afterEach(() => {
  document.removeEventListener("chatkit.log", onLog);
  leavePage();
});

const BASE = { thread_id: "thr_1", created_at: "2026-11-23T08:00:00Z" };
let count = 0;

function item(members: Json): ThreadItem {
  count += 1;
  return { id: `bad${count}`, ...BASE, ...members } as unknown as ThreadItem;
}

function nested(depth: number, wrap: (inner: unknown) => unknown, end: unknown = "end"): unknown {
  let value = end;
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
}

const THREAD = { id: "thr_1", title: "A chat", created_at: BASE.created_at };

/** Opens a page whose server sends the given items and events, as JSON. */
async function openRaw(items: readonly string[], events: readonly string[] = []) {
  const data = [...items];
  const stream = () => events.map((event) => `data: ${event}\n\n`).join("");
  const page = await openPage({
    ...(items.length > 0 ? { initialThread: "thr_1" } : {}),
    fetch: async (_, init) => {
      const { type = "" } = JSON.parse(String(init?.body ?? "{}")) as { type?: string };
      if (type === "threads.create") {
        return new Response(stream(), { headers: { "content-type": "text/event-stream" } });
      }
      if (type !== "threads.get_by_id") return new Response('{"data":[],"has_more":false}');
      const head = JSON.stringify(THREAD).slice(0, -1);
      return new Response(`${head},"items":{"has_more":false,"data":[${data.join()}]}}`);
    },
  });
  return { ...page, root: page.element.shadowRoot as ShadowRoot, data };
}

/** Opens a thread with items between two valid messages. */
async function open(items: readonly (ThreadItem | string)[]) {
  const json = items.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
  const [first, last] = ["The first.", "The last."].map((words) =>
    JSON.stringify(assistantItem(words)),
  );
  const page = await openRaw([JSON.stringify(userItem("Go")), first ?? "", ...json, last ?? ""]);
  await waitFor(() => expect(page.root.querySelector(".thread .turn")).toBeTruthy());
  return page;
}

const shown = (root: ShadowRoot): string => root.querySelector(".thread")?.textContent ?? "";

const text = (members: Json) => ({
  type: "output_text",
  text: "Words.",
  annotations: [],
  ...members,
});
const answer = (...content: unknown[]) => ({ type: "assistant_message", content });
const workflow = (members: Json) => ({
  type: "workflow",
  workflow: { type: "custom", expanded: true, tasks: [], ...members },
});

describe("an invalid item is replaced by an error line and logged:", () => {
  it.each<[name: string, members: Json]>([
    ["an unknown type", { type: "hologram", angle: 3 }],
    ["no type", {}],
    ["a type that is an object", { type: { toString: 1 } }],
    ["a message without text", answer({ type: "output_text", annotations: [] })],
    ["a message whose text is null", answer(text({ text: null }))],
    ["a message whose content is text", { type: "assistant_message", content: "Words" }],
    ["a message of null parts", { type: "user_message", content: [null] }],
    ["a tool without a name", { type: "client_tool_call", name: null, status: "completed" }],
    ["a widget that is null", { type: "widget", widget: null }],
    ["a widget without a type", { type: "widget", widget: { children: [] } }],
    ["a task that is null", { type: "task", task: null }],
    ["a workflow that is a list", { type: "workflow", workflow: [] }],
    ["invalid questions", { type: "structured_input", status: "pending", inputs: [7] }],
  ])("%s", async (_, members) => {
    const { root } = await open([item(members)]);

    expect(root.querySelectorAll("[part~=not-shown]")).toHaveLength(1);
    expect(shown(root)).toContain("The first.");
    expect(shown(root)).toContain("The last.");
    expect(logs).toMatchObject([{ name: "item.unknown" }]);
  });

  it("a view that throws, on render or on mount", async () => {
    registerWidget("Bomb", {
      view: () => {
        throw new Error("boom");
      },
    });
    OpenChatKitElement.registerWidget("LateBomb", {
      mount: () => {
        throw new Error("late boom");
      },
    });
    const bombs = ["Bomb", "LateBomb"].map((type) => ({ type }));
    const children = [{ type: "Text", value: "A neighbour." }, ...bombs];
    const { root } = await open([item({ type: "widget", widget: { type: "Card", children } })]);

    await waitFor(() => expect(root.querySelectorAll(".w-fallback")).toHaveLength(2));
    expect(shown(root)).toContain("A neighbour.");
    expect(shown(root)).toContain("The last.");
    // An effect logs it after the fallback is rendered.
    await waitFor(() =>
      expect(logs).toMatchObject([
        { name: "widget.component.failed", data: { type: "Bomb", reason: "Error: boom" } },
        { name: "widget.component.failed", data: { type: "LateBomb" } },
      ]),
    );
  });
});

describe("invalid parts of an item don't affect the rest of it:", () => {
  it.each<[name: string, members: Json, kept: string]>([
    ["null annotations", answer(text({ annotations: null })), "Words."],
    ["empty annotations", answer(text({ annotations: [null, { source: null }] })), "Words."],
    ["a part without text", answer({ type: "output_text" }, text({})), "Words."],
    ["null tasks", workflow({ tasks: null, summary: { title: "Looked." } }), "Looked."],
    [
      "a task that is null",
      workflow({ tasks: [null, { type: "custom", title: "Step." }] }),
      "Step.",
    ],
    ["an unknown task", workflow({ tasks: [{ type: "x" }, { type: "image", title: "P." }] }), "P."],
    ["a huge duration", workflow({ summary: { duration: 1e308 } }), "Thought for"],
    [
      "attachments that are null",
      { type: "user_message", content: [{ type: "input_text", text: "Hi." }], attachments: null },
      "Hi.",
    ],
    ["an invalid date", { ...answer(text({})), created_at: "the day after" }, "Words."],
  ])("%s", async (_, members, kept) => {
    const { root } = await open([item(members)]);

    expect(shown(root)).toContain(kept);
    expect(shown(root)).toContain("The last.");
  });

  it("annotations outside of the text", async () => {
    const source = { type: "url", title: "There", url: "https://example.com/" };
    const annotations = [-5, 1e12, "x", Number.NaN, null].map((index) => ({
      ...{ type: "annotation", source, index },
    }));
    const { root, view } = await open([item(answer(text({ annotations })))]);

    expect(shown(root)).toContain("Words.");
    expect(view.getByRole("button", { name: /Sources/u }).textContent).toContain("1");
  });
});

describe("5,000 levels", () => {
  it("of a widget are truncated", async () => {
    const widget = `${'{"type":"Col","children":'.repeat(5000)}{"type":"Divider"}${"}".repeat(5000)}`;
    const { root } = await open([
      JSON.stringify(item({ type: "widget", widget: 0 })).replace("0}", `${widget}}`),
    ]);

    expect(root.querySelectorAll(".w-fallback")).toHaveLength(1);
    expect(shown(root)).toContain("The last.");
  });

  it.each([
    ["quotes", "> ".repeat(5000)],
    ["brackets", "[".repeat(5000)],
    ["emphasis", "*a ".repeat(5000)],
    ["lists", Array.from({ length: 300 }, (_, level) => `${"  ".repeat(level)}- `).join("\n")],
  ])("of markdown %s hide neither the text nor other items", async (_, markup) => {
    const { root } = await open([item(answer(text({ text: `${markup}deep` })))]);

    expect(shown(root)).toContain("deep");
    expect(shown(root)).toContain("The last.");
  });

  it("of undisplayed data don't prevent a reload", async () => {
    const deep = `${'{"data":'.repeat(5000)}1${"}".repeat(5000)}`;
    const json = JSON.stringify(assistantItem("Deep.")).replace(/\}$/u, `,"metadata":${deep}}`);
    const { element, view, data } = await open([json]);
    data.push(JSON.stringify(assistantItem("The very last.")));

    await element.fetchUpdates();

    await view.findByText("The very last.");
  });
});

describe("a stream with invalid events", () => {
  const update = (members: Json, item_id: string) => ({
    ...{ type: "thread.item.updated", item_id, update: members },
  });
  const DELTA = "assistant_message.content_part.text_delta";
  const PART = "assistant_message.content_part.added";
  const ANNOTATION = "assistant_message.content_part.annotation_added";

  it("shows all valid content", async () => {
    const good = assistantItem("All of it.");
    const wrong: unknown[] = [
      null,
      7,
      { type: "thread.item.added", item: null },
      { type: "thread.item.added", item: { id: 7, type: "task" } },
      update({ type: DELTA, content_index: 0, delta: "x" }, "nobody"),
      update({ type: DELTA, content_index: 1e9, delta: "x" }, good.id),
      update({ type: DELTA, content_index: -1, delta: "x" }, good.id),
      update({ type: DELTA, content_index: "0", delta: "x" }, good.id),
      update({ type: DELTA, content_index: 0, delta: null }, good.id),
      update({ type: PART, content_index: 0, content: null }, good.id),
      update({ type: ANNOTATION, content_index: 0, annotation_index: 0, annotation: {} }, good.id),
      update({ type: "widget.root.updated", widget: [] }, good.id),
      update({ type: "workflow.task.added", task_index: 1e9, task: null }, good.id),
      update({ type: "toString" }, good.id),
      { type: "thread.item.updated", item_id: good.id, update: null },
      { type: "thread.updated", thread: { id: "thr_1", status: null, title: {} } },
      { type: "progress_update", text: { toString: 1 } },
      { type: "client_effect", name: null, data: 5 },
      { type: "notice", level: {}, message: null, title: [] },
    ];
    const events = [
      { type: "thread.created", thread: THREAD },
      { type: "thread.item.added", item: { ...good, content: [] } },
      ...wrong,
      { type: "thread.item.done", item: good },
    ];
    const { element, view } = await openRaw(
      [],
      events.map((each) => JSON.stringify(each)),
    );

    await element.sendUserMessage({ text: "Go" });

    await view.findByText("All of it.");
    await waitFor(() =>
      expect(logs.filter(({ name }) => name.startsWith("event."))).not.toEqual([]),
    );
  });
});

const WRONG: unknown[] = [
  ...[null, true, 0, -1, 1e308, "", "x", "\u0000", {}, [], [null], [[]], { type: 7 }],
  { toString: 1 },
  nested(500, (inner) => [inner]),
];

/** Yields copies of a value in which one field, at any depth, has a wrong value. */
function* variants(value: unknown, depth = 0): Generator<unknown> {
  if (typeof value !== "object" || value === null || depth > 4) return;
  for (const [name, member] of Object.entries(value)) {
    const copy = (other: unknown): unknown =>
      Array.isArray(value)
        ? value.with(Number(name), other)
        : { ...(value as Json), [name]: other };
    for (const wrong of WRONG) yield copy(wrong);
    for (const deeper of variants(member, depth + 1)) yield copy(deeper);
  }
}

describe("any field of any item may have any value:", () => {
  const source = { type: "url", title: "T", url: "https://example.com/", description: "D" };
  const entity = {
    type: "entity",
    id: "e",
    title: "E",
    icon: "cube",
    label: "L",
    data: { a: "b" },
  };
  const kinds: Json[] = [
    answer(text({ annotations: [source, entity].map((each) => ({ source: each, index: 2 })) })),
    {
      type: "user_message",
      content: [{ type: "input_tag", id: "t", text: "Tag", data: { a: "b" } }],
      attachments: [{ id: "f", type: "image", name: "n.png", preview_url: "/n.png" }],
      quoted_text: "quoted",
    },
    { type: "client_tool_call", name: "open_task", status: "completed", arguments: { a: 1 } },
    workflow({
      summary: { title: "S", icon: "compass" },
      tasks: [
        { type: "web_search", title_query: "q", queries: ["q"], sources: [source] },
        { type: "thought", content: "c", title: "t", status_indicator: "loading" },
      ],
    }),
    {
      type: "task",
      task: { type: "file", title: "t", sources: [{ type: "file", filename: "f" }] },
    },
    { type: "generated_image", image: { id: "i", url: "/i.png" }, progress: 0.5 },
    {
      type: "structured_input",
      status: "pending",
      inputs: [
        { type: "multiple_choice", id: "q", question: "Q", options: [{ value: "o" }] },
        { type: "freeform", id: "r", question: "R", description: "d", answer: { values: ["v"] } },
      ],
    },
  ];

  it.each(kinds.map((kind) => [String(kind.type), kind] as const))("%s", async (_, kind) => {
    const errors = vi.fn<(event: Event) => void>();
    window.addEventListener("error", errors);
    const items = [...variants(kind)].map((each) => item(each as Json));
    const events = [assistantItem("The first."), ...items, assistantItem("The last.")].map((each) =>
      JSON.stringify({ type: "thread.item.done", item: each }),
    );
    const { element, view } = await openRaw([], events);

    await element.sendUserMessage({ text: "Go" });

    // The last message is also in the live region.
    await view.findAllByText("The first.");
    await view.findAllByText("The last.");
    expect(logs.filter(({ name }) => name === "event.failed")).toEqual([]);
    expect(errors).not.toHaveBeenCalled();
    window.removeEventListener("error", errors);
  });
});
