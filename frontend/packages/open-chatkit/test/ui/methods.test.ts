/** What a page can do with the element, beyond what the other stories do. */

import { waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { answers, asked, leavePage, openPage, said, thread } from "./page";

afterEach(() => {
  leavePage();
  vi.restoreAllMocks();
});

const text = (words: string) => [{ type: "input_text" as const, text: words }];
const attachment = { type: "file" as const, id: "att_1", name: "a.txt", mime_type: "text/plain" };
const tag = { type: "input_tag" as const, id: "7", text: "Ada", group: "People" };

describe("sendUserMessage", () => {
  it("sends parts, a quotation, files, a tool and a model, and leaves the composer alone", async () => {
    const { element, server, view } = await openPage({
      threads: [thread([asked("Hello")])],
      ...{ initialThread: "thr_1", script: answers("Fine.") },
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

  it("begins a new thread where the page wants one", async () => {
    const { element, server, view } = await openPage({
      threads: [thread([asked("Hello")])],
      ...{ initialThread: "thr_1", script: answers("Anew.") },
    });
    await view.findByText("Hello");

    await element.sendUserMessage({ text: "Else", newThread: true });

    await view.findByText("Anew.");
    expect(server.requests.at(-1)?.type).toBe("threads.create");
    expect(view.queryByText("Hello")).toBeNull();
  });

  it("rejects while an answer is written", async () => {
    const { element, view } = await openPage({ script: () => [60_000] });
    void element.sendUserMessage({ text: "Hello" });
    await view.findByRole("button", { name: "Stop" });

    await expect(element.sendUserMessage({ text: "Too early" })).rejects.toThrow(/responding/u);
  });
});

describe("setComposerValue", () => {
  it("sets parts, a quotation, files, the tool and the model", async () => {
    const { element, view, server, events } = await openPage({
      script: answers("Fine."),
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

  it("changes only what it is given, and null clears the tool", async () => {
    const tools = [{ id: "search", label: "Search", icon: "globe" as const }];
    const { element, view } = await openPage({ composer: { tools } });
    await element.setComposerValue({ text: "kept", selectedToolId: "search" });

    await element.setComposerValue({ selectedToolId: null });

    expect((view.getByRole("textbox") as HTMLTextAreaElement).value).toBe("kept");
    expect(view.queryByRole("button", { name: /Search/u })).toBeNull();
  });
});

describe("threads", () => {
  it("setThreadId opens one, and none for null; the page hears of it", async () => {
    const { element, view } = await openPage({ threads: [thread([asked("Hello")])] });
    const heard: unknown[] = [];
    for (const name of ["change", "load.start", "load.end"] as const) {
      element.addEventListener(`chatkit.thread.${name}`, (event) =>
        heard.push([name, event.detail]),
      );
    }

    await element.setThreadId("thr_1");
    await view.findByText("Hello");
    await element.setThreadId(null);

    expect(view.queryByText("Hello")).toBeNull();
    expect(heard).toEqual([
      ["change", { threadId: "thr_1" }],
      ["load.start", { threadId: "thr_1" }],
      ["load.end", { threadId: "thr_1" }],
      ["change", { threadId: null }],
    ]);
  });

  it("fetchUpdates shows what has changed at the server", async () => {
    const shown = thread([asked("Hello")]);
    const { element, view } = await openPage({ threads: [shown], initialThread: "thr_1" });
    await view.findByText("Hello");
    shown.items.data.push(said("From elsewhere"));

    await element.fetchUpdates();

    await view.findByText("From elsewhere");
  });
});

describe("sendCustomAction", () => {
  it("goes to the server with its payload and the widget's id", async () => {
    const { element, server, view } = await openPage({
      threads: [thread([asked("Hello")])],
      ...{ initialThread: "thr_1", script: answers("Done.") },
    });
    await view.findByText("Hello");

    await element.sendCustomAction({ type: "tick", payload: { id: 1 } }, "w1");

    await view.findByText("Done.");
    expect(server.requests.find((one) => one.type === "threads.custom_action")?.params).toEqual({
      ...{ thread_id: "thr_1", item_id: "w1", action: { type: "tick", payload: { id: 1 } } },
    });
  });

  it("is ignored and logged where no thread is open", async () => {
    const { element, server } = await openPage();
    const logged: unknown[] = [];
    element.addEventListener("chatkit.log", (event) => logged.push(event.detail.name));

    await element.sendCustomAction({ type: "tick" });

    expect(logged).toEqual(["action.ignored"]);
    expect(server.requests).toEqual([]);
  });
});

describe("events", () => {
  it("tell of effects, and bubble out of the element", async () => {
    const { element } = await openPage({
      script: () => [{ type: "client_effect", name: "confetti", data: { amount: 3 } }],
    });
    const heard = new Promise((resolve) => {
      document.body.addEventListener(
        "chatkit.effect",
        (event) => resolve((event as CustomEvent).detail),
        { once: true },
      );
    });

    await element.sendUserMessage({ text: "Hooray" });

    expect(await heard).toEqual({ name: "confetti", data: { amount: 3 } });
  });

  it("come in their order around an answer", async () => {
    const { element, view, events } = await openPage({ script: answers("Fine.") });

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
