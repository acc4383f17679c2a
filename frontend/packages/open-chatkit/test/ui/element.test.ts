import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { answers, asked, leavePage, openPage, said, thread } from "./page";

afterEach(() => {
  leavePage();
  vi.restoreAllMocks();
});

describe("a page that uses the element", () => {
  it("is told once that it is ready", async () => {
    const { element, events } = await openPage();

    element.setOptions({ api: { url: "http://localhost/chatkit", domainKey: "x" } });

    expect(events.filter((name) => name === "chatkit.ready")).toHaveLength(1);
  });

  it("is told once and by its path which option is wrong, and keeps the chat it has", async () => {
    const said = vi.spyOn(console, "error").mockReturnValue();
    const { element, view } = await openPage({ startScreen: { greeting: "Good morning" } });
    const api = { url: "http://localhost/chatkit", domainKey: "x" };
    const wrong = { api, startScreen: { greeting: 7 } } as never;

    // A React page gives its options before it listens.
    element.setOptions(wrong);
    element.setOptions(wrong);
    const errors: Error[] = [];
    element.addEventListener("chatkit.error", (event) => errors.push(event.detail.error));

    await waitFor(() => expect(errors).toHaveLength(1));
    expect(errors[0]?.name).toBe("IntegrationError");
    expect(errors[0]?.message).toBe(
      "invalid options: startScreen.greeting should be a string, not 7",
    );
    expect(said).toHaveBeenCalledWith(errors[0]);
    expect(view.getByRole("heading", { name: "Good morning" })).toBeTruthy();
  });

  it("is told of an option that nobody knows, and has its chat without it", async () => {
    const said = vi.spyOn(console, "error").mockReturnValue();
    const { view } = await openPage({ composer: { placeHolder: "?" } } as never);

    await waitFor(() => expect(said).toHaveBeenCalledOnce());
    expect(String(said.mock.lastCall?.[0])).toContain("unknown options: composer.placeHolder");
    expect(view.getByRole("textbox")).toBeTruthy();
  });

  it("may call methods before the views are loaded", async () => {
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
      threads: [thread([asked("Hello"), said("Hi there")])],
      initialThread: "thr_1",
    });
    await view.findByText("Hi there");

    const other = document.createElement("div");
    document.body.append(other);
    other.append(element);
    await Promise.resolve();

    expect(view.getByText("Hi there")).toBeTruthy();
  });

  it("leaves the focus alone until it is asked for", async () => {
    const { element, view } = await openPage();
    expect(element.shadowRoot?.activeElement ?? null).toBeNull();

    await element.focusComposer();

    expect(element.shadowRoot?.activeElement).toBe(view.getByRole("textbox"));
  });

  it("opens and closes the history, and is told so", async () => {
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

  it("gets the focus back from the history, to where it was", async () => {
    const { element, view } = await openPage();
    const button = view.getByRole("button", { name: "Chat history" });
    button.focus();
    fireEvent.click(button);
    const history = await view.findByRole("dialog");
    let isHeardOutside = false;
    document.addEventListener("keydown", () => {
      isHeardOutside = true;
    });

    fireEvent.keyDown(history, { key: "Escape" });

    await waitFor(() => expect(element.shadowRoot?.activeElement).toBe(button));
    expect(isHeardOutside).toBe(false);
  });

  it("sends a message and shows it with its answer", async () => {
    const { element, view, events } = await openPage({
      script: answers("You have **two** tasks."),
    });

    await element.sendUserMessage({ text: "What is due?" });

    await view.findByText("What is due?");
    expect((await view.findByText("two")).tagName).toBe("STRONG");
    await waitFor(() => expect(events).toContain("chatkit.response.end"));
  });

  it("may add a button to the header", async () => {
    const onClick = vi.fn();
    const { view } = await openPage({ header: { rightAction: { icon: "settings-cog", onClick } } });

    fireEvent.click(view.getByRole("button", { name: "Settings cog" }));

    expect(onClick).toHaveBeenCalledOnce();
  });

  it("hears of links that are its own", async () => {
    const { element, view } = await openPage({
      threads: [thread([asked("Where?"), said("[Here](chatkit-link://open-task?id=7)")])],
      initialThread: "thr_1",
    });
    const heard = new Promise((resolve) => {
      element.addEventListener("chatkit.deeplink", (event) => resolve(event.detail));
    });

    fireEvent.click(await view.findByRole("button", { name: "Here" }));

    expect(await heard).toEqual({ name: "open-task", data: { id: "7" } });
  });
});

describe("somebody who chats", () => {
  it("starts with a prompt", async () => {
    const { view, server } = await openPage({
      startScreen: {
        greeting: "Good morning",
        prompts: [{ label: "My day", prompt: "Plan my day" }],
      },
      script: answers("Here it is."),
    });
    expect(view.getByRole("heading", { name: "Good morning" })).toBeTruthy();

    fireEvent.click(view.getByRole("button", { name: "My day" }));

    await view.findByText("Here it is.");
    expect(server.requests[0]).toMatchObject({
      type: "threads.create",
      params: { input: { content: [{ type: "input_text", text: "Plan my day" }] } },
    });
  });

  it("sends with Enter, and makes a new line with Shift", async () => {
    const { view, server } = await openPage({ script: answers("Fine.") });
    const field = view.getByRole("textbox") as HTMLTextAreaElement;
    fireEvent.input(field, { target: { value: "How are you?" } });

    fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
    expect(server.requests).toHaveLength(0);
    fireEvent.keyDown(field, { key: "Enter" });

    await view.findByText("Fine.");
    expect(field.value).toBe("");
  });

  it("reads what went wrong and tries again", async () => {
    let tries = 0;
    const { element, view, server } = await openPage({
      script: (request, opened) => {
        tries += 1;
        if (tries > 1) return answers("Now it works.")(request, opened);
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

  it("can't write into a closed chat, and is told why", async () => {
    const { view } = await openPage({
      threads: [
        thread([asked("Hello")], { status: { type: "closed", reason: "Closed after 30 days." } }),
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

  it("deletes a chat only after a second thought", async () => {
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

  it("rates an answer", async () => {
    const { view, server } = await openPage({
      threads: [thread([asked("Hello"), said("Hi there")])],
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

  it("mentions somebody by a few letters", async () => {
    const { view, server } = await openPage({
      script: answers("She knows."),
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
      script: answers("Done."),
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

  it("reads the interface from right to left in Arabic", async () => {
    const { element, view } = await openPage({ locale: "ar" });

    await view.findByRole("button", { name: "إرسال الرسالة" });

    expect(element.shadowRoot?.querySelector<HTMLElement>(".frame")?.dir).toBe("rtl");
  });

  it("hears the answer when it is complete, not token by token", async () => {
    const { element, view } = await openPage({ script: answers("Two tasks.") });
    const region = element.shadowRoot?.querySelector("[aria-atomic=true]");

    await element.sendUserMessage({ text: "What is due?" });

    await view.findAllByText("Two tasks.");
    await waitFor(() => expect(region?.textContent).toBe("Two tasks."));
  });
});
