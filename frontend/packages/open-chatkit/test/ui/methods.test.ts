/** The element's methods and events. */

import { waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { assistantItem, leavePage, openPage, respondWith, thread, userItem } from "./page";

afterEach(() => {
  leavePage();
  vi.restoreAllMocks();
});

const text = (words: string) => [{ type: "input_text" as const, text: words }];
const attachment = { type: "file" as const, id: "att_1", name: "a.txt", mime_type: "text/plain" };
const tag = { type: "input_tag" as const, id: "7", text: "Ada", group: "People" };

describe("sendUserMessage", () => {
  it("sends content parts, a quote, files, a tool and a model, and leaves the composer unchanged", async () => {
    const { element, server, view } = await openPage({
      threads: [thread([userItem("Hello")])],
      ...{ initialThread: "thr_1", script: respondWith("Fine.") },
    });
    await view.findByText("Hello");
    await element.setComposerValue({ text: "unsent" });

    await element.sendUserMessage({
      content: [...text("Ask "), tag],
      reply: "Hello",
      attachments: [attachment],
      toolChoice: { id: "search" },
      model: "deep",
    });

    await view.findByText("Fine.");
    expect(server.requests.find((one) => one.type === "threads.add_user_message")?.params).toEqual({
      thread_id: "thr_1",
      input: {
        content: [...text("Ask "), tag],
        attachments: ["att_1"],
        quoted_text: "Hello",
        inference_options: { tool_choice: { id: "search" }, model: "deep" },
      },
    });
    expect((view.getByRole("textbox") as HTMLTextAreaElement).value).toBe("unsent");
  });

  it("starts a new thread on request", async () => {
    const { element, server, view } = await openPage({
      threads: [thread([userItem("Hello")])],
      ...{ initialThread: "thr_1", script: respondWith("New thread.") },
    });
    await view.findByText("Hello");

    await element.sendUserMessage({ text: "Else", newThread: true });

    await view.findByText("New thread.");
    expect(server.requests.at(-1)?.type).toBe("threads.create");
    expect(view.queryByText("Hello")).toBeNull();
  });

  it("rejects while a response is in progress", async () => {
    const { element, view } = await openPage({ script: () => [60_000] });
    void element.sendUserMessage({ text: "Hello" });
    await view.findByRole("button", { name: "Stop" });

    await expect(element.sendUserMessage({ text: "Too early" })).rejects.toThrow(/responding/u);
  });
});

describe("setComposerValue", () => {
  it("sets content parts, a quote, files, the tool and the model", async () => {
    const { element, view, server, events } = await openPage({
      script: respondWith("Fine."),
      composer: {
        attachments: { enabled: true },
        tools: [{ id: "search", label: "Search", icon: "globe" }],
        models: [
          { id: "quick", label: "Quick" },
          { id: "deep", label: "Thorough" },
        ],
      },
    });
    await element.setComposerValue({
      content: [...text("Ask "), tag],
      reply: "the quoted words",
      attachments: [attachment],
      files: [new File(["x"], "b.txt", { type: "text/plain" })],
      selectedToolId: "search",
      selectedModelId: "deep",
    });

    expect((view.getByRole("textbox") as HTMLTextAreaElement).value).toBe("Ask @Ada");
    expect(view.getByText("the quoted words")).toBeTruthy();
    expect(view.getByRole("button", { name: "Model: Thorough" })).toBeTruthy();
    expect(events).toContain("chatkit.tool.change");
    const send = view.getByRole("button", { name: "Send message" }) as HTMLButtonElement;
    await waitFor(() => expect(send.disabled).toBe(false));
    send.click();
    await view.findByText("Fine.");
    const sent = server.requests.find((one) => one.type === "threads.create");
    expect(sent?.params).toMatchObject({
      input: {
        content: [...text("Ask "), tag],
        quoted_text: "the quoted words",
        inference_options: { tool_choice: { id: "search" }, model: "deep" },
      },
    });
  });

  it("changes only the given fields, and null clears the tool", async () => {
    const tools = [{ id: "search", label: "Search", icon: "globe" as const }];
    const { element, view } = await openPage({ composer: { tools } });
    await element.setComposerValue({ text: "kept", selectedToolId: "search" });

    await element.setComposerValue({ selectedToolId: null });

    expect((view.getByRole("textbox") as HTMLTextAreaElement).value).toBe("kept");
    expect(view.queryByRole("button", { name: /Search/u })).toBeNull();
  });
});

describe("threads", () => {
  it("setThreadId opens a thread, or none for null, and emits events", async () => {
    const { element, view } = await openPage({ threads: [thread([userItem("Hello")])] });
    const received: unknown[] = [];
    for (const name of ["change", "load.start", "load.end"] as const) {
      element.addEventListener(`chatkit.thread.${name}`, (event) =>
        received.push([name, event.detail]),
      );
    }

    await element.setThreadId("thr_1");
    await view.findByText("Hello");
    await element.setThreadId(null);

    expect(view.queryByText("Hello")).toBeNull();
    expect(received).toEqual([
      ["change", { threadId: "thr_1" }],
      ["load.start", { threadId: "thr_1" }],
      ["load.end", { threadId: "thr_1" }],
      ["change", { threadId: null }],
    ]);
  });

  it("fetchUpdates shows changes from the server", async () => {
    const shown = thread([userItem("Hello")]);
    const { element, view } = await openPage({ threads: [shown], initialThread: "thr_1" });
    await view.findByText("Hello");
    shown.items.data.push(assistantItem("From elsewhere"));

    await element.fetchUpdates();

    await view.findByText("From elsewhere");
  });
});

describe("sendCustomAction", () => {
  it("goes to the server with its payload and the widget's id", async () => {
    const { element, server, view } = await openPage({
      threads: [thread([userItem("Hello")])],
      ...{ initialThread: "thr_1", script: respondWith("Done.") },
    });
    await view.findByText("Hello");

    await element.sendCustomAction({ type: "tick", payload: { id: 1 } }, "w1");

    await view.findByText("Done.");
    expect(server.requests.find((one) => one.type === "threads.custom_action")?.params).toEqual({
      ...{ thread_id: "thr_1", item_id: "w1", action: { type: "tick", payload: { id: 1 } } },
    });
  });

  it("is ignored and logged if no thread is open", async () => {
    const { element, server } = await openPage();
    const logged: unknown[] = [];
    element.addEventListener("chatkit.log", (event) => logged.push(event.detail.name));

    await element.sendCustomAction({ type: "tick" });

    expect(logged).toEqual(["action.ignored"]);
    expect(server.requests).toEqual([]);
  });
});

describe("events", () => {
  it("report effects and bubble out of the element", async () => {
    const { element } = await openPage({
      script: () => [{ type: "client_effect", name: "confetti", data: { amount: 3 } }],
    });
    const effect = new Promise((resolve) => {
      document.body.addEventListener(
        "chatkit.effect",
        (event) => resolve((event as CustomEvent).detail),
        { once: true },
      );
    });

    await element.sendUserMessage({ text: "Hooray" });

    expect(await effect).toEqual({ name: "confetti", data: { amount: 3 } });
  });

  it("arrive in order around a response", async () => {
    const { element, view, events } = await openPage({ script: respondWith("Fine.") });

    await element.sendUserMessage({ text: "Hello" });
    await view.findByText("Fine.");

    await waitFor(() =>
      expect(events).toEqual([
        "chatkit.ready",
        "chatkit.response.start",
        "chatkit.thread.change",
        "chatkit.response.end",
      ]),
    );
  });
});
