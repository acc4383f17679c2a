import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Script } from "../../demo/scriptedServer";
import { assistantItem, leavePage, openPage, respondWith, thread, userItem } from "./page";

afterEach(() => {
  leavePage();
  vi.restoreAllMocks();
});

describe("a page with the element", () => {
  it("receives chatkit.ready once", async () => {
    const { element, events } = await openPage();

    element.setOptions({ api: { url: "http://localhost/chatkit", domainKey: "x" } });

    expect(events.filter((name) => name === "chatkit.ready")).toHaveLength(1);
  });

  it("receives one error with the path of an invalid option and keeps its chat", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const { element, view } = await openPage({ startScreen: { greeting: "Good morning" } });
    const api = { url: "http://localhost/chatkit", domainKey: "x" };
    const wrong = { api, startScreen: { greeting: 7 } } as never;

    // A React page sets its options before it listens.
    element.setOptions(wrong);
    element.setOptions(wrong);
    const errors: Error[] = [];
    element.addEventListener("chatkit.error", (event) => errors.push(event.detail.error));

    await waitFor(() => expect(errors).toHaveLength(1));
    expect(errors[0]?.name).toBe("IntegrationError");
    expect(errors[0]?.message).toBe(
      "invalid options: startScreen.greeting should be a string, not 7",
    );
    expect(consoleError).toHaveBeenCalledWith(errors[0]);
    expect(view.getByRole("heading", { name: "Good morning" })).toBeTruthy();
  });

  it("shows an error line if its first options are invalid, until they are valid", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const element = document.createElement("openai-chatkit");
    document.body.append(element);
    element.setOptions({ api: { url: 7 } } as never);
    const line = () => element.shadowRoot?.querySelector("[role=alert]")?.textContent;
    expect(line()).toBe("The chat could not be loaded.");

    element.setOptions({ api: { url: "http://localhost/chatkit", domainKey: "x" } });
    await waitFor(() => expect(element.shadowRoot?.querySelector("textarea")).toBeTruthy());
    expect(line()).toBeUndefined();
  });

  it("reports an unknown option in the console and ignores it", async () => {
    const consoleError = vi.spyOn(console, "error").mockReturnValue();
    const { view } = await openPage({ composer: { placeHolder: "?" } } as never);

    await waitFor(() => expect(consoleError).toHaveBeenCalledOnce());
    expect(String(consoleError.mock.lastCall?.[0])).toContain(
      "unknown options: composer.placeHolder",
    );
    expect(view.getByRole("textbox")).toBeTruthy();
  });

  it("can call methods before the views are loaded", async () => {
    const element = document.createElement("openai-chatkit");
    const typed = element.setComposerValue({ text: "Hello" });
    element.setOptions({ api: { url: "http://localhost/chatkit", domainKey: "x" } });
    document.body.append(element);

    await typed;

    await waitFor(() => {
      expect(element.shadowRoot?.querySelector("textarea")?.value).toBe("Hello");
    });
  });

  it("keeps its chat when the element is moved", async () => {
    const { element, view } = await openPage({
      threads: [thread([userItem("Hello"), assistantItem("Hi there")])],
      initialThread: "thr_1",
    });
    await view.findByText("Hi there");

    const other = document.createElement("div");
    document.body.append(other);
    other.append(element);
    await Promise.resolve();

    expect(view.getByText("Hi there")).toBeTruthy();
  });

  it("continues a response while it is removed, and shows it when it is added again", async () => {
    let release = () => {};
    const rest = new Promise<void>((resolve) => {
      release = resolve;
    });
    const half = assistantItem("Half", "a");
    const script: Script = (request, opened) => [
      { type: "thread.item.added", item: half },
      rest,
      ...respondWith("Half of it, and all")(request, opened),
      { type: "thread.item.removed", item_id: "a" },
    ];
    const { element, view, server, events } = await openPage({ script });
    await element.sendUserMessage({ text: "Hello" });
    await view.findByText("Half");
    element.remove();
    await new Promise((resolve) => setTimeout(resolve));
    document.body.append(element);
    await view.findByText("Half");
    expect(view.getByRole("button", { name: "Stop" })).toBeTruthy();
    element.remove();
    release();
    await waitFor(() => expect(events).toContain("chatkit.response.end"));
    document.body.append(element);

    await view.findByText("Half of it, and all");
    expect(server.requests.filter(({ type }) => type === "threads.create")).toHaveLength(1);
    expect(events.filter((name) => name.startsWith("chatkit.response."))).toEqual([
      "chatkit.response.start",
      "chatkit.response.end",
    ]);
  });

  it("does not take the focus until focusComposer is called", async () => {
    const { element, view } = await openPage();
    expect(element.shadowRoot?.activeElement ?? null).toBeNull();

    await element.focusComposer();

    expect(element.shadowRoot?.activeElement).toBe(view.getByRole("textbox"));
  });

  it("can open and close the history and receives events", async () => {
    const { element, events, view } = await openPage({
      threads: [thread([], { title: "Groceries" })],
    });

    await element.showHistory();
    await view.findByText("Groceries");
    await element.hideHistory();

    await waitFor(() => expect(view.queryByText("Groceries")).toBeNull());
    expect(events.filter((name) => name.startsWith("chatkit.history"))).toEqual([
      "chatkit.history.open",
      "chatkit.history.close",
    ]);
  });

  it("gets the focus back when the history closes", async () => {
    const { element, view } = await openPage();
    const button = view.getByRole("button", { name: "Chat history" });
    button.focus();
    fireEvent.click(button);
    const history = await view.findByRole("dialog");
    let hasReachedDocument = false;
    document.addEventListener("keydown", () => {
      hasReachedDocument = true;
    });

    fireEvent.keyDown(history, { key: "Escape" });

    await waitFor(() => expect(element.shadowRoot?.activeElement).toBe(button));
    expect(hasReachedDocument).toBe(false);
  });

  it("sends a message and shows it with its response", async () => {
    const { element, view, events } = await openPage({
      script: respondWith("You have **two** tasks."),
    });

    await element.sendUserMessage({ text: "What is due?" });

    await view.findByText("What is due?");
    expect((await view.findByText("two")).tagName).toBe("STRONG");
    await waitFor(() => expect(events).toContain("chatkit.response.end"));
  });

  it("can add a button to the header", async () => {
    const onClick = vi.fn();
    const { view } = await openPage({ header: { rightAction: { icon: "settings-cog", onClick } } });

    fireEvent.click(view.getByRole("button", { name: "Settings cog" }));

    expect(onClick).toHaveBeenCalledOnce();
  });

  it("receives its deep links", async () => {
    const { element, view } = await openPage({
      threads: [
        thread([userItem("Where?"), assistantItem("[Here](chatkit-link://open-task?id=7)")]),
      ],
      initialThread: "thr_1",
    });
    const deeplink = new Promise((resolve) => {
      element.addEventListener("chatkit.deeplink", (event) => resolve(event.detail));
    });

    fireEvent.click(await view.findByRole("button", { name: "Here" }));

    expect(await deeplink).toEqual({ name: "open-task", data: { id: "7" } });
  });
});

describe("a user", () => {
  it("starts with a prompt", async () => {
    const { view, server } = await openPage({
      startScreen: {
        greeting: "Good morning",
        prompts: [{ label: "My day", prompt: "Plan my day" }],
      },
      script: respondWith("Here it is."),
    });
    expect(view.getByRole("heading", { name: "Good morning" })).toBeTruthy();

    fireEvent.click(view.getByRole("button", { name: "My day" }));

    await view.findByText("Here it is.");
    expect(server.requests[0]).toMatchObject({
      type: "threads.create",
      params: { input: { content: [{ type: "input_text", text: "Plan my day" }] } },
    });
  });

  it("sends with Enter and inserts a new line with Shift+Enter", async () => {
    const { view, server } = await openPage({ script: respondWith("Fine.") });
    const field = view.getByRole("textbox") as HTMLTextAreaElement;
    fireEvent.input(field, { target: { value: "How are you?" } });

    fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
    expect(server.requests).toHaveLength(0);
    fireEvent.keyDown(field, { key: "Enter" });

    await view.findByText("Fine.");
    expect(field.value).toBe("");
  });

  it("sees an error and can retry", async () => {
    let attempts = 0;
    const { element, view, server } = await openPage({
      script: (request, opened) => {
        attempts += 1;
        if (attempts > 1) return respondWith("Now it works.")(request, opened);
        return [{ type: "error", code: "custom", message: "Over budget.", allow_retry: true }];
      },
    });
    await element.sendUserMessage({ text: "Hello" });
    await view.findByText("Over budget.");

    const retry = view.getByRole("button", { name: "Retry" }) as HTMLButtonElement;
    await waitFor(() => expect(retry.disabled).toBe(false));
    fireEvent.click(retry);

    await view.findByText("Now it works.");
    expect(server.requests.at(-1)?.type).toBe("threads.retry_after_item");
  });

  it("can't write in a closed chat and sees the reason", async () => {
    const { view } = await openPage({
      threads: [
        thread([userItem("Hello")], {
          status: { type: "closed", reason: "Closed after 30 days." },
        }),
      ],
      initialThread: "thr_1",
    });

    await view.findByText("Closed after 30 days.");

    expect(view.queryByRole("textbox")).toBeNull();
    fireEvent.click(view.getByRole("button", { name: "Start a new chat" }));
    expect(await view.findByRole("textbox")).toBeTruthy();
  });

  it("renames a chat with the keyboard", async () => {
    const { element, view, server } = await openPage({
      threads: [thread([], { title: "Old name" })],
    });
    await element.showHistory();
    fireEvent.click(await view.findByRole("button", { name: "More for Old name" }));
    fireEvent.click(view.getByRole("menuitem", { name: "Rename" }));
    const field = view.getByRole("textbox", { name: "Chat title" });

    fireEvent.input(field, { target: { value: "New name" } });
    fireEvent.submit(field.closest("form") as HTMLFormElement);

    await view.findByText("New name");
    expect(server.requests.at(-1)).toMatchObject({
      type: "threads.update",
      params: { title: "New name" },
    });
  });

  it("deletes a chat only after confirmation", async () => {
    const { element, view, server } = await openPage({
      threads: [thread([], { title: "Secret" })],
    });
    await element.showHistory();
    fireEvent.click(await view.findByRole("button", { name: "More for Secret" }));
    fireEvent.click(view.getByRole("menuitem", { name: "Delete" }));
    expect(server.requests.map((request) => request.type)).not.toContain("threads.delete");

    fireEvent.click(view.getByRole("button", { name: "Delete" }));

    await waitFor(() => expect(view.queryByText("Secret")).toBeNull());
  });

  it("rates a response", async () => {
    const { view, server } = await openPage({
      threads: [thread([userItem("Hello"), assistantItem("Hi there")])],
      initialThread: "thr_1",
      threadItemActions: { feedback: true },
    });

    fireEvent.click(await view.findByRole("button", { name: "Good response" }));

    await waitFor(() => {
      const pressed = view
        .getByRole("button", { name: "Good response" })
        .getAttribute("aria-pressed");
      expect(pressed).toBe("true");
    });
    expect(server.requests.at(-1)).toMatchObject({
      type: "items.feedback",
      params: { kind: "positive" },
    });
  });

  it("mentions an entity by a few letters", async () => {
    const { view, server } = await openPage({
      script: respondWith("She knows."),
      entities: { onTagSearch: async () => [{ id: "7", title: "Ada Lovelace", group: "People" }] },
    });
    const field = view.getByRole("textbox") as HTMLTextAreaElement;
    field.value = "Ask @ad";
    field.setSelectionRange(7, 7);
    fireEvent.input(field);

    await view.findByRole("option", { name: "Ada Lovelace" });
    fireEvent.keyDown(field, { key: "Enter" });
    await waitFor(() => expect(field.value).toBe("Ask @Ada Lovelace "));
    fireEvent.keyDown(field, { key: "Enter" });

    await view.findByText("She knows.");
    expect(server.requests[0]).toMatchObject({
      params: {
        input: {
          content: [{ text: "Ask " }, { type: "input_tag", id: "7", text: "Ada Lovelace" }],
        },
      },
    });
  });

  it("chooses a model and a tool for a message", async () => {
    const { view, server, events } = await openPage({
      script: respondWith("Done."),
      composer: {
        models: [
          { id: "quick", label: "Quick", default: true },
          { id: "deep", label: "Thorough" },
        ],
        tools: [{ id: "search", label: "Search", icon: "globe", pinned: true }],
      },
    });
    fireEvent.click(view.getByRole("button", { name: "Model: Quick" }));
    fireEvent.click(view.getByRole("menuitemradio", { name: "Thorough" }));
    fireEvent.click(view.getByRole("button", { name: "Search" }));
    const field = view.getByRole("textbox");
    fireEvent.input(field, { target: { value: "Hello" } });
    fireEvent.keyDown(field, { key: "Enter" });

    await view.findByText("Done.");

    expect(events).toContain("chatkit.tool.change");
    expect(server.requests[0]).toMatchObject({
      params: { input: { inference_options: { model: "deep", tool_choice: { id: "search" } } } },
    });
  });

  it("sees a right-to-left interface in Arabic", async () => {
    const { element, view } = await openPage({ locale: "ar" });

    await view.findByRole("button", { name: "إرسال الرسالة" });

    expect(element.shadowRoot?.querySelector<HTMLElement>(".frame")?.dir).toBe("rtl");
  });

  it("hears the response when it is complete, not token by token", async () => {
    const { element, view } = await openPage({ script: respondWith("Two tasks.") });
    const region = element.shadowRoot?.querySelector("[aria-atomic=true]");

    await element.sendUserMessage({ text: "What is due?" });

    await view.findAllByText("Two tasks.");
    await waitFor(() => expect(region?.textContent).toBe("Two tasks."));
  });
});
