/** The rendering of each kind of item, task and source. */

import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Annotation, Source, Task, ThreadItem, ThreadStreamEvent } from "../../src/core/types";
import { assistantItem, leavePage, openPage, thread, userItem } from "./page";

afterEach(leavePage);

let count = 0;

/** Returns an item of any type. */
function item(members: object): ThreadItem {
  count += 1;
  const base = { id: `i${count}`, thread_id: "thr_1", created_at: "2026-11-23T08:00:00Z" };
  return { ...base, ...members } as ThreadItem;
}

async function open(items: ThreadItem[], options: Parameters<typeof openPage>[0] = {}) {
  const { allowed, ...rest } = options as { allowed?: string[] } & typeof options;
  const threads = [thread(items, allowed ? { allowed_image_domains: allowed } : {})];
  const page = await openPage({ threads, initialThread: "thr_1", ...rest });
  const root = page.element.shadowRoot as ShadowRoot;
  await waitFor(() => expect(root.querySelector("[aria-busy=false].thread .turn")).toBeTruthy());
  return { ...page, root };
}

describe("a user message", () => {
  it("shows its quoted text, its files, and images from allowed hosts", async () => {
    const message = userItem("See these");
    Object.assign(message, {
      quoted_text: "the earlier words",
      attachments: [
        { id: "a", type: "file", name: "notes.txt", mime_type: "text/plain" },
        ...["/own.png", "https://tracker.example.net/p.png"].map((preview_url, index) => ({
          ...{ id: `b${index}`, type: "image", name: `p${index}.png`, mime_type: "image/png" },
          preview_url,
        })),
      ],
    });
    const { view, root } = await open([message]);

    expect(view.getByText("the earlier words").tagName).toBe("BLOCKQUOTE");
    expect(view.getByText("notes.txt")).toBeTruthy();
    expect([...root.querySelectorAll("img")].map((image) => image.alt)).toEqual(["p0.png"]);
    expect(view.getByRole("link", { name: /p1\.png.*tracker\.example\.net/u })).toBeTruthy();
  });
});

describe("an assistant message", () => {
  const source = (members: object): Source => ({ title: "A title", ...members }) as Source;
  const annotation = (about: Source, index: number): Annotation => ({
    ...{ type: "annotation", source: about, index },
  });

  it("cites URLs, files and entities in the text and lists them below", async () => {
    const answer = assistantItem("It is so.");
    const onClick = vi.fn();
    const entity = { type: "entity", id: "e1", title: "Ada", interactive: true, data: { a: 1 } };
    answer.content[0]?.annotations.push(
      annotation(
        source({
          ...{ type: "url", url: "https://example.com/x", description: "About" },
          ...{ attribution: "Example", timestamp: "2026-11-20" },
        }),
        2,
      ),
      annotation(source({ type: "file", filename: "notes.pdf", title: "Notes" }), 5),
      annotation(source({ ...entity, inline_label: "AL", label: "A person", group: "People" }), 8),
    );
    const { view } = await open([userItem("Why?"), answer], { entities: { onClick } });

    const link = view.getByRole("link", { name: "Source 1: A title" });
    expect(link.getAttribute("href")).toBe("https://example.com/x");
    expect(link.getAttribute("rel")).toBe("noopener noreferrer");
    fireEvent.click(view.getByText("AL"));
    expect(onClick).toHaveBeenCalledWith(expect.objectContaining({ id: "e1", title: "Ada" }));

    fireEvent.click(view.getByRole("button", { name: /Sources/u }));
    for (const text of ["About", "Example", "2026-11-20", "notes.pdf", "Ada", "People"])
      expect(view.getByText(text)).toBeTruthy();
    expect(view.getByText("AL").title).toBe("A person: Ada");
    expect(view.queryByText("A person")).toBeNull();
  });

  it("applies the thread's image domains, also to the markdown of widgets", async () => {
    const [shown, refused] = ["https://cdn.example.com/a.png", "https://other.example.com/b.png"];
    const markdown = `![a](${shown}) ![b](${refused}) [go](chatkit-link://go?x=1)`;
    const widget = { type: "Card", children: [{ type: "Markdown", value: markdown }] };
    const { root, element, view } = await open(
      [userItem("Show"), assistantItem(markdown), item({ type: "widget", widget })],
      { allowed: ["cdn.example.com"] } as never,
    );
    const deeplinks: unknown[] = [];
    element.addEventListener("chatkit.deeplink", (event) => deeplinks.push(event.detail));

    expect([...root.querySelectorAll("img")].map((image) => image.src)).toEqual([shown, shown]);
    for (const button of view.getAllByRole("button", { name: "go" })) fireEvent.click(button);
    expect(deeplinks).toEqual([
      { name: "go", data: { x: "1" } },
      { name: "go", data: { x: "1" } },
    ]);
  });
});

describe("the assistant's tasks", () => {
  const tasks: [string, Task, string[]][] = [
    [
      "a custom task",
      { type: "custom", title: "Sorting", content: "by **date**" },
      ["Sorting", "date"],
    ],
    [
      "a search",
      {
        ...{ type: "web_search", title_query: "tea shops", queries: ["green tea"] },
        sources: [{ type: "url", title: "Tea House", url: "https://tea.example.com" }],
      },
      ["tea shops", "green tea", "Tea House"],
    ],
    [
      "a thought",
      { type: "thought", title: "Weighing", content: "both ways" },
      ["Weighing", "both ways"],
    ],
    [
      "files",
      {
        type: "file",
        title: "Reading",
        sources: [{ type: "file", title: "Plan", filename: "plan.md" }],
      },
      ["Reading", "Plan", "plan.md"],
    ],
    ["an image in progress", { type: "image", title: "Drawing" }, ["Drawing"]],
  ];

  it.each(tasks)("shows %s", async (_, task, words) => {
    const { view } = await open([userItem("Go"), item({ type: "task", task })]);

    for (const each of words) expect(view.getByText(each)).toBeTruthy();
  });

  it("collapses a workflow under its summary and expands it", async () => {
    const workflow = {
      type: "reasoning",
      tasks: [{ type: "thought", title: "First", content: "this", status_indicator: "complete" }],
      summary: { duration: 8 },
    };
    const { view } = await open([userItem("Go"), item({ type: "workflow", workflow })]);
    const heading = view.getByRole("button", { name: "Thought for 8 s", expanded: false });
    expect(view.queryByText("First")).toBeNull();

    fireEvent.click(heading);

    expect(view.getByText("First")).toBeTruthy();
  });

  it("shows a search's only query once", async () => {
    const task = { type: "web_search", title_query: "oat milk", queries: ["oat milk", "milk"] };
    const { view } = await open([userItem("Go"), item({ type: "task", task })]);

    expect(view.getAllByText("oat milk")).toHaveLength(1);
    expect(view.getByText("milk")).toBeTruthy();
  });

  it("shows reasoning without a summary as one line", async () => {
    const workflow = { type: "reasoning", tasks: [], summary: { duration: 3 } };
    const { view } = await open([userItem("Go"), item({ type: "workflow", workflow })]);

    expect(view.getByText("Thought for 3 s")).toBeTruthy();
    expect(view.queryByRole("button", { name: "Thought for 3 s" })).toBeNull();
  });

  it("names the current activity of reasoning, and stops at the next item", async () => {
    const task = (task: Task, task_index: number): ThreadStreamEvent => ({
      type: "thread.item.updated",
      item_id: "wf",
      update: { type: "workflow.task.added", task_index, task },
    });
    const flow = item({ type: "workflow", workflow: { type: "reasoning", tasks: [] } });
    const answer = assistantItem("Milk costs 1.");
    const { element, view } = await openPage({
      script: () => [
        { type: "thread.item.added", item: { ...flow, id: "wf" } },
        task({ type: "thought", content: "**Comparing prices**\n\nI need them." }, 0),
        200,
        task({ type: "web_search", title_query: "milk", status_indicator: "loading" }, 1),
        200,
        { type: "thread.item.added", item: { ...answer, content: [] } },
        200,
      ],
    });
    void element.sendUserMessage({ text: "How much?" });

    await view.findByRole("button", { name: "Comparing prices" });
    await view.findByRole("button", { name: "Searching" });
    fireEvent.click(await view.findByRole("button", { name: "Thought" }));
    expect(view.getByText("milk")).toBeTruthy();
    expect(
      document.querySelector("openai-chatkit")?.shadowRoot?.querySelector(".workflow .spinner"),
    ).toBeNull();
  });

  it("expands a workflow as the server specifies, under its title", async () => {
    const workflow = {
      ...{ type: "custom", expanded: true, summary: { title: "Looked around", icon: "compass" } },
      tasks: [{ type: "custom", title: "Around" }],
    };
    const { view } = await open([userItem("Go"), item({ type: "workflow", workflow })]);

    expect(view.getByRole("button", { name: "Looked around", expanded: true })).toBeTruthy();
    expect(view.getByText("Around")).toBeTruthy();
  });

  describe("a client tool", () => {
    const call = { type: "client_tool_call", call_id: "c", arguments: {} };
    const called = (name: string, output?: unknown) =>
      item({ ...call, status: "completed", name, output });

    it("is shown by its name", async () => {
      const { view } = await open([userItem("Go"), called("open_task", { opened: true })]);
      expect(view.getByText("Ran open task")).toBeTruthy();
    });

    it("has the label that the page gives it", async () => {
      const clientTools = { labels: { open_task: "Opened the task" } };
      const items = [userItem("Go"), called("open_task", {}), called("constructor", {})];
      const { view } = await open(items, { clientTools });
      expect(view.getByText("Opened the task")).toBeTruthy();
      expect(view.getByText("Ran constructor")).toBeTruthy();
    });

    it.each([
      ["the page hides", called("record_fact", { saved: true })],
      ["has an internal name", called("_sync", { saved: true })],
      ["returns nothing", called("switch_theme")],
    ])("shows nothing if it %s", async (_, item) => {
      const clientTools = { labels: { record_fact: null } };
      const { root } = await open([userItem("Go"), item], { clientTools });
      expect(root.querySelector("[part=tool-call]")).toBeNull();
    });

    it("isn't reported as done while it waits for the page", async () => {
      const { view } = await open([item({ ...call, status: "pending", name: "open_task" })]);
      expect(view.getByText("open task")).toBeTruthy();
    });

    it("isn't running during the response to a later message", async () => {
      const { element, root, view } = await open(
        [userItem("Go"), item({ ...call, status: "pending", name: "open_task" })],
        { script: () => [{ type: "progress_update", text: "Looking around" }, 300] },
      );
      await element.sendUserMessage({ text: "Never mind" });
      await view.findByText("Looking around");
      expect(view.getByText("open task")).toBeTruthy();
      expect(root.querySelector(".tool-call.running")).toBeNull();
    });
  });

  it("shows progress, notices and errors", async () => {
    const { element, view } = await openPage({
      script: () => [
        { type: "progress_update", text: "Looking around", icon: "compass" },
        300,
        {
          type: "notice",
          level: "warning",
          title: "Nearly full",
          message: "[More](https://x.example)",
        },
        { type: "error", code: "stream.error", allow_retry: false },
      ],
    });
    await element.sendUserMessage({ text: "Hello" });

    await view.findByText("Looking around");
    await view.findByText("Nearly full");
    expect(view.getByRole("link", { name: "More" })).toBeTruthy();
    await view.findByText("The response was interrupted.");
    expect(view.queryByRole("button", { name: "Retry" })).toBeNull();
  });
});

describe("a generated image", () => {
  it("shows its progress and opens enlarged when it is complete", async () => {
    HTMLDialogElement.prototype.showModal ??= () => undefined;
    const opened = vi.spyOn(HTMLDialogElement.prototype, "showModal").mockReturnValue();
    const making = item({ type: "generated_image", image: null, progress: 0.4 });
    const image = { id: "g", url: "/g.png" };
    const made = item({ type: "generated_image", image });
    const preview = item({ type: "generated_image", image, progress: 0 });
    const { view, root } = await open([userItem("Draw"), making, preview, made]);

    expect(root.querySelector("progress")?.value).toBe(40);
    fireEvent.click(view.getAllByRole("button", { name: "Open image" })[1] as HTMLElement);
    expect(opened).toHaveBeenCalledOnce();
    expect(root.querySelectorAll("progress")).toHaveLength(1);
  });
});

it("a generated image of the server that stores files is shown on other sites", async () => {
  const image = {
    id: "g",
    url: "http://localhost/api/u/chat/attachments/atc_1/content?signature=x",
  };
  const made = item({ type: "generated_image", image });
  const { root } = await open([userItem("Draw"), made]);

  expect(root.querySelector<HTMLImageElement>("img.generated")?.src).toBe(image.url);
});

describe("questions", () => {
  const inputs = [
    {
      ...{ type: "multiple_choice", id: "q1", question: "Which?" },
      options: [{ value: "Tea" }, { value: "Coffee" }],
    },
    {
      ...{ type: "multiple_choice", id: "q2", question: "And?", multiple: true },
      options: [{ value: "Milk" }, { value: "Sugar" }],
    },
    { type: "freeform", id: "q3", question: "Anything else?", description: "If you like" },
  ];
  const question = (members: object = {}) =>
    item({ type: "structured_input", status: "pending", inputs, ...members });

  it("are answered by selecting options", async () => {
    const { view, server } = await open([userItem("Order"), question()]);
    fireEvent.click(view.getByLabelText("Coffee"));
    fireEvent.click(view.getByLabelText("Milk"));
    fireEvent.click(view.getByLabelText("Sugar"));
    expect(view.getByText("If you like").dir).toBe("auto");

    fireEvent.click(await view.findByRole("button", { name: "Submit" }));

    await waitFor(() => expect(server.requests.at(-1)?.type).toBe("threads.add_structured_input"));
    expect(server.requests.at(-1)?.params).toMatchObject({
      input: {
        status: "answered",
        answers: {
          q1: { values: ["Coffee"], skipped: false },
          q2: { values: ["Milk", "Sugar"], skipped: false },
          q3: { values: [], skipped: true },
        },
      },
    });
  });

  it("accept a free-text answer", async () => {
    const { view, server } = await open([userItem("Order"), question()]);
    const [which, and] = [/^Which\?/u, /^And\?/u].map((name) =>
      view.getByRole("textbox", { name }),
    );
    fireEvent.click(view.getByLabelText("Coffee"));
    fireEvent.input(which as HTMLElement, { target: { value: "Cocoa" } });
    fireEvent.click(view.getByLabelText("Milk"));
    fireEvent.input(and as HTMLElement, { target: { value: "Honey" } });

    fireEvent.click(view.getByRole("button", { name: "Submit" }));

    await waitFor(() => expect(server.requests.at(-1)?.type).toBe("threads.add_structured_input"));
    expect(server.requests.at(-1)?.params).toMatchObject({
      input: { answers: { q1: { values: ["Cocoa"] }, q2: { values: ["Milk", "Honey"] } } },
    });
  });

  it("can be skipped, and show earlier answers", async () => {
    const { view, server } = await open([userItem("Order"), question()]);
    fireEvent.click(view.getByRole("button", { name: "Skip" }));
    await waitFor(() => expect(server.requests.at(-1)?.type).toBe("threads.add_structured_input"));
    expect(server.requests.at(-1)?.params).toMatchObject({ input: { status: "skipped" } });
    leavePage();

    const answered = question({
      status: "answered",
      inputs: [{ ...inputs[0], answer: { values: ["Tea"], skipped: false } }, inputs[2]],
    });
    const later = await open([userItem("Order"), answered]);
    expect(later.view.getByText("Tea")).toBeTruthy();
    expect(later.view.getByText("Skipped")).toBeTruthy();
    expect(later.view.queryByRole("button", { name: "Submit" })).toBeNull();
  });
});

it("an end of turn is invisible, and an unknown item is an error line and a log event", async () => {
  const logged: unknown[] = [];
  document.addEventListener("chatkit.log", (event) => logged.push((event as CustomEvent).detail));
  const future = item({ type: "hologram", angle: 3 });
  const { root } = await open([
    userItem("Go"),
    assistantItem("Done"),
    item({ type: "end_of_turn" }),
    future,
  ]);

  expect(root.querySelectorAll("article")).toHaveLength(2);
  expect(root.querySelectorAll("[part~=not-shown]")).toHaveLength(1);
  expect(logged).toMatchObject([{ name: "item.unknown", data: { item: { type: "hologram" } } }]);
});
