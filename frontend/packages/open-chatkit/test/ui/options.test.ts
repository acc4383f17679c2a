/** The visible effect of each option. */

import { fireEvent, waitFor } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { assistantItem, leavePage, openPage, respondWith, thread, userItem } from "./page";

afterEach(() => {
  leavePage();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const frame = (element: HTMLElement) =>
  element.shadowRoot?.querySelector<HTMLElement>(".frame") as HTMLElement;

const twoFrames = () =>
  new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

describe("the frame", () => {
  it("has the page's title as its name, or Chat", async () => {
    const { element } = await openPage({ frameTitle: "Helper" });
    expect(frame(element).getAttribute("aria-label")).toBe("Helper");

    const other = await openPage();
    expect(frame(other.element).getAttribute("aria-label")).toBe("Chat");
  });

  it("is dark if the theme is, and changes with new options", async () => {
    const { element, server } = await openPage({ theme: "dark" });
    expect(frame(element).dataset.scheme).toBe("dark");

    const api = { url: "http://localhost/chatkit", domainKey: "test", fetch: server.fetch };
    element.setOptions({ api, theme: { colorScheme: "light" } });

    expect(frame(element).dataset.scheme).toBe("light");
  });

  it("loads each of the theme's fonts once", async () => {
    const loaded: string[] = [];
    class FakeFace {
      weight = "400";
      style = "normal";
      constructor(
        readonly family: string,
        readonly src: string,
        readonly descriptors: object,
      ) {
        Object.assign(this, descriptors);
      }
      async load(): Promise<void> {
        loaded.push(`${this.family} ${this.src} ${JSON.stringify(this.descriptors)}`);
      }
    }
    vi.stubGlobal("FontFace", FakeFace);
    Object.defineProperty(document, "fonts", { value: new Set(), configurable: true });
    const source = {
      ...{ family: "Own", src: "/own.woff2", weight: 600, style: "italic" as const },
      unicodeRange: "U+0-FF",
    };
    const { element, server } = await openPage({
      theme: { typography: { fontSources: [source], fontFamily: "Own" } },
    });
    const api = { url: "http://localhost/chatkit", domainKey: "test", fetch: server.fetch };
    element.setOptions({ api, theme: { typography: { fontSources: [source] } } });

    expect(loaded).toEqual([
      'Own url("/own.woff2") {"weight":"600","style":"italic","unicodeRange":"U+0-FF","display":"swap"}',
    ]);
  });
});

describe("the header", () => {
  it("is hidden when it is disabled", async () => {
    const { view } = await openPage({ header: { enabled: false } });
    expect(view.queryByRole("button", { name: "Chat history" })).toBeNull();
  });

  it("shows the thread's title, the page's own, or none", async () => {
    const threads = [thread([userItem("Hello")], { title: "Groceries" })];
    const shown = await openPage({ threads, initialThread: "thr_1" });
    await shown.view.findByRole("heading", { name: "Groceries" });
    const own = await openPage({
      threads,
      initialThread: "thr_1",
      header: { title: { text: "Helper" } },
    });
    await own.view.findByRole("heading", { name: "Helper" });
    const none = await openPage({
      threads,
      initialThread: "thr_1",
      header: { title: { enabled: false } },
    });
    await none.view.findByText("Hello");

    expect(none.view.queryByRole("heading", { name: "Groceries" })).toBeNull();
  });

  it("shows the page's buttons on both sides", async () => {
    const [left, right] = [vi.fn(), vi.fn()];
    const { view } = await openPage({
      header: {
        leftAction: { icon: "menu", onClick: left },
        rightAction: { icon: "close", onClick: right },
      },
    });

    fireEvent.click(view.getByRole("button", { name: "Menu" }));
    expect(left).toHaveBeenCalledOnce();
    fireEvent.click(view.getByRole("button", { name: "Close" }));
    expect(right).toHaveBeenCalledOnce();
  });
});

describe("the history", () => {
  it("has no button when it is disabled", async () => {
    const { view } = await openPage({ history: { enabled: false } });
    expect(view.queryByRole("button", { name: "Chat history" })).toBeNull();
  });

  it("offers to rename and delete unless the page disables it", async () => {
    const threads = [thread([], { title: "Groceries" })];
    const { element, view } = await openPage({ threads, history: { showDelete: false } });
    await element.showHistory();
    fireEvent.click(await view.findByRole("button", { name: "More for Groceries" }));
    expect(view.getByRole("menuitem", { name: "Rename" })).toBeTruthy();
    expect(view.queryByRole("menuitem", { name: "Delete" })).toBeNull();
    leavePage();

    const plain = await openPage({ threads, history: { showDelete: false, showRename: false } });
    await plain.element.showHistory();
    await plain.view.findByText("Groceries");
    expect(plain.view.queryByRole("button", { name: "More for Groceries" })).toBeNull();
  });
});

describe("the start screen", () => {
  it("shows the page's greeting, or its own", async () => {
    const { view } = await openPage();
    expect(view.getByRole("heading", { name: "What can I help with today?" })).toBeTruthy();
    const other = await openPage({ startScreen: { greeting: "Good morning" } });
    expect(other.view.getByRole("heading", { name: "Good morning" })).toBeTruthy();
  });

  it("sends a prompt with content parts and tags", async () => {
    const prompt = [
      { type: "input_text" as const, text: "Ask " },
      {
        ...{ type: "input_tag" as const, id: "7", text: "Ada", group: "People" },
        ...{ interactive: true, data: { level: "3" } },
      },
    ];
    const { view, server } = await openPage({
      startScreen: { prompts: [{ label: "Ada", icon: "user", prompt }] },
      script: respondWith("Hello."),
    });
    const button = view.getByRole("button", { name: "Ada" });
    expect(button.querySelector("svg")).toBeTruthy();

    fireEvent.click(button);

    await view.findByText("Hello.");
    expect(server.requests[0]).toMatchObject({ params: { input: { content: prompt } } });
  });

  it("sends a prompt with the model that the composer shows", async () => {
    const { view, server } = await openPage({
      startScreen: { prompts: [{ label: "My day", prompt: "Plan my day" }] },
      composer: {
        models: [
          { id: "fast", label: "Fast" },
          { id: "deep", label: "Deep", default: true },
        ],
      },
      script: respondWith("Hello."),
    });

    fireEvent.click(view.getByRole("button", { name: "My day" }));

    await view.findByText("Hello.");
    const input = { inference_options: { model: "deep" } };
    expect(server.requests[0]).toMatchObject({ params: { input } });
  });
});

describe("responses", () => {
  const options = {
    threads: [thread([userItem("Hello"), assistantItem("Hi there")])],
    initialThread: "thr_1",
  };

  it("have no buttons to rate and retry unless the page enables them", async () => {
    const { view } = await openPage(options);
    await view.findByText("Hi there");

    expect(view.queryByRole("button", { name: "Good response" })).toBeNull();
    expect(view.queryByRole("button", { name: "Try again" })).toBeNull();
  });

  it("can be regenerated if the page enables it", async () => {
    const { view, server } = await openPage({
      ...options,
      threads: [thread([userItem("Hello"), assistantItem("Hi there")])],
      threadItemActions: { retry: true },
      script: respondWith("Good day"),
    });

    fireEvent.click(await view.findByRole("button", { name: "Try again" }));

    await view.findByText("Good day");
    expect(server.requests.at(-1)?.type).toBe("threads.retry_after_item");
  });

  /** Opens a page with a response in progress; returns helpers that observe its growth. */
  async function openGrowing(autoScroll: boolean) {
    const observers: (() => void)[] = [];
    vi.stubGlobal(
      "ResizeObserver",
      class {
        constructor(callback: () => void) {
          observers.push(callback);
        }
        observe(): void {}
        unobserve(): void {}
        disconnect(): void {}
      },
    );
    const wait = 60_000;
    const { element, view } = await openPage({
      thread: { autoScroll },
      script: () => [
        { type: "thread.item.added", item: { ...assistantItem(""), content: [] } },
        wait,
      ],
    });
    void element.sendUserMessage({ text: "Hello" });
    await view.findByRole("button", { name: "Stop" });
    const scroller = element.shadowRoot?.querySelector("[part=thread]") as HTMLElement;
    // The scroll for the message itself has finished.
    await twoFrames();
    const scrolled = vi.spyOn(scroller, "scrollTo");
    const grow = async () => {
      for (const callback of observers) callback();
      await twoFrames();
    };
    return { element, view, scroller, scrolled, grow };
  }

  it.each([true, false])("are followed as they grow if autoScroll is %s", async (autoScroll) => {
    const { scrolled, grow } = await openGrowing(autoScroll);

    await grow();

    expect(scrolled.mock.calls.length > 0).toBe(autoScroll);
  });

  it("are followed during a smooth scroll until the user scrolls back", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { element, view, scroller, scrolled, grow } = await openGrowing(true);
    const toEnd = () => view.queryByRole("button", { name: "Scroll to the latest message" });
    Object.defineProperty(scroller, "scrollHeight", { value: 5000 });
    Object.defineProperty(scroller, "clientHeight", { value: 500 });

    fireEvent.scroll(scroller, { target: { scrollTop: 1000 } });
    await grow();

    expect(scrolled).toHaveBeenCalled();
    expect(toEnd()).toBeNull();

    fireEvent.wheel(element);
    fireEvent.scroll(scroller, { target: { scrollTop: 900 } });
    scrolled.mockClear();
    await grow();

    expect(scrolled).not.toHaveBeenCalled();
    expect(toEnd()).not.toBeNull();
  });

  it("are shown to their end by the button, however the way there grows", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { element, view, scroller, scrolled, grow } = await openGrowing(false);
    const button = () => view.queryByRole("button", { name: "Scroll to the latest message" });
    Object.defineProperty(scroller, "scrollHeight", { value: 5000, configurable: true });
    Object.defineProperty(scroller, "clientHeight", { value: 500 });
    await grow(); // to the height of the thread
    fireEvent.wheel(element);
    fireEvent.scroll(scroller, { target: { scrollTop: 1000 } });
    fireEvent.click(await view.findByRole("button", { name: "Scroll to the latest message" }));

    Object.defineProperty(scroller, "scrollHeight", { value: 9000 });
    await grow();
    expect(scrolled).toHaveBeenLastCalledWith({ top: 9000, behavior: "smooth" });

    fireEvent.scroll(scroller, { target: { scrollTop: 8500 } });
    await grow();
    expect(scrolled).toHaveBeenLastCalledWith({ top: 9000, behavior: "instant" });
    expect(button()).toBeNull();

    fireEvent.wheel(element);
    scrolled.mockClear();
    await grow();
    expect(scrolled).not.toHaveBeenCalled();
  });
});

describe("the composer", () => {
  const field = (view: { getByRole: (role: string) => HTMLElement }) =>
    view.getByRole("textbox") as HTMLTextAreaElement;

  it("has the page's placeholder, or that of the selected tool", async () => {
    const { element, view } = await openPage({
      composer: {
        placeholder: "What to do?",
        tools: [
          {
            ...{ id: "search", label: "Search the web", shortLabel: "Web", icon: "globe" },
            ...{ placeholderOverride: "What to look for?", pinned: true },
          },
        ],
      },
    });
    expect(field(view).placeholder).toBe("What to do?");

    await element.setComposerValue({ selectedToolId: "search" });

    await waitFor(() => expect(field(view).placeholder).toBe("What to look for?"));
    expect(view.getByText("Web")).toBeTruthy();
    await element.setComposerValue({ selectedToolId: null });
    await waitFor(() => expect(field(view).placeholder).toBe("What to do?"));
  });

  it("shows tools that aren't pinned in a menu, which Escape closes", async () => {
    const { element, view } = await openPage({
      composer: { tools: [{ id: "search", label: "Search", icon: "globe" }] },
    });
    const opener = view.getByRole("button", { name: "Tools" });
    fireEvent.click(opener);
    const entry = view.getByRole("menuitem", { name: "Search" });
    expect(element.shadowRoot?.activeElement).toBe(entry);

    fireEvent.keyDown(entry, { key: "Escape" });

    await waitFor(() => expect(view.queryByRole("menu")).toBeNull());
    expect(element.shadowRoot?.activeElement).toBe(opener);
    fireEvent.click(opener);
    fireEvent.click(view.getByRole("menuitem", { name: "Search" }));
    expect(await view.findByRole("button", { name: /Search/u, pressed: true })).toBeTruthy();
  });

  it("describes models and doesn't select a disabled one", async () => {
    const { view } = await openPage({
      composer: {
        models: [
          { id: "quick", label: "Quick", description: "For every day", default: true },
          { id: "deep", label: "Thorough", disabled: true },
        ],
      },
    });
    fireEvent.click(view.getByRole("button", { name: "Model: Quick" }));
    expect(view.getByText("For every day")).toBeTruthy();

    const disabled = view.getByRole("menuitemradio", { name: "Thorough" });
    fireEvent.click(disabled);

    expect(disabled.getAttribute("aria-disabled")).toBe("true");
    expect(view.getByRole("button", { name: "Model: Quick" })).toBeTruthy();
  });

  it("accepts files that the page allows and reports the others", async () => {
    const { element, view } = await openPage({
      composer: {
        attachments: { enabled: true, maxSize: 4, accept: { "text/plain": [".txt"] } },
      },
    });
    const input = element.shadowRoot?.querySelector<HTMLInputElement>("input[type=file]");
    expect(input?.accept).toBe("text/plain,.txt");

    await element.setComposerValue({
      files: [
        new File(["1234"], "ok.txt"),
        new File(["12345"], "big.txt"),
        new File(["1"], "a.exe"),
      ],
    });

    await view.findByText(/big\.txt/u);
    await view.findByText(/a\.exe/u);
    expect(await view.findByRole("button", { name: /ok\.txt/u })).toBeTruthy();
  });

  it("has no file upload unless the page enables it", async () => {
    const { element, view } = await openPage();
    expect(view.queryByRole("button", { name: "Add files" })).toBeNull();
    expect(element.shadowRoot?.querySelector("input[type=file]")).toBeNull();
  });
});

describe("the disclaimer", () => {
  it("is markdown below the composer, with high contrast on request", async () => {
    const text = "Check **important** facts.";
    const { element, view } = await openPage({ disclaimer: { text, highContrast: true } });

    expect(view.getByText("important").tagName).toBe("STRONG");
    expect(element.shadowRoot?.querySelector("[part=disclaimer]")?.classList).toContain("strong");
  });
});

describe("entities", () => {
  const ada = { id: "7", title: "Ada", interactive: true, group: "People", data: { level: "3" } };
  const tagged = () => {
    const message = userItem("");
    if (message.type !== "user_message") throw new Error("unreachable");
    const tag = { type: "input_tag" as const, id: "7", text: "Ada", group: "People" };
    message.content = [{ ...tag, interactive: true, data: { level: "3" } }];
    return thread([message]);
  };

  it("can be searched by a button if the page enables it", async () => {
    const onTagSearch = vi.fn(async () => [ada]);
    const { view } = await openPage({ entities: { onTagSearch, showComposerMenu: true } });

    fireEvent.click(view.getByRole("button", { name: "Mention something" }));

    expect(await view.findByRole("option", { name: "Ada" })).toBeTruthy();
    expect(onTagSearch).toHaveBeenCalledWith("");
  });

  it("call the page when one is clicked", async () => {
    const onClick = vi.fn();
    const { view } = await openPage({
      ...{ threads: [tagged()], initialThread: "thr_1", entities: { onClick } },
    });

    fireEvent.click(await view.findByRole("button", { name: "@Ada" }));

    expect(onClick).toHaveBeenCalledWith(ada);
  });

  it("show the page's preview on hover", async () => {
    const onRequestPreview = vi.fn(async () => ({
      preview: {
        type: "Basic" as const,
        children: [{ type: "Text" as const, value: "A pioneer" }],
      },
    }));
    const { view } = await openPage({
      ...{ threads: [tagged()], initialThread: "thr_1", entities: { onRequestPreview } },
    });
    const anchor = (await view.findByText("@Ada")).closest(".preview-anchor") as HTMLElement;

    fireEvent.pointerEnter(anchor);
    await view.findByText("A pioneer");
    fireEvent.keyDown(anchor, { key: "Escape" });

    await waitFor(() => expect(view.queryByText("A pioneer")).toBeNull());
    expect(onRequestPreview).toHaveBeenCalledWith(ada);
  });
});

describe("commands", () => {
  const type = (field: HTMLTextAreaElement, text: string): void => {
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    fireEvent.input(field);
  };

  it("are found after a slash, and insert an entity, show another menu or run", async () => {
    const done: string[] = [];
    const { view } = await openPage({
      commands: {
        enabled: true,
        onSearch: async (query) =>
          [
            { id: "who", label: "A person", group: "Insert", icon: "user" as const },
            { id: "more", label: "More of these", description: "A menu" },
            { id: "now", label: "Right now" },
          ].filter((command) => command.id.startsWith(query)),
        onSelect: async (command) => {
          done.push(command.id);
          if (command.id === "who") return { type: "entity", entity: { id: "7", title: "Ada" } };
          if (command.id === "more")
            return { type: "menu", commands: [{ id: "now", label: "Later" }] };
          return undefined;
        },
      },
    });
    const field = view.getByRole("textbox") as HTMLTextAreaElement;

    type(field, "/who");
    fireEvent.click(await view.findByRole("option", { name: "A person" }));
    await waitFor(() => expect(field.value).toBe("@Ada "));

    type(field, "/more");
    fireEvent.click(await view.findByRole("option", { name: /More of these/u }));
    fireEvent.click(await view.findByRole("option", { name: "Later" }));
    await waitFor(() => expect(field.value).toBe(""));
    expect(done).toEqual(["who", "more", "now"]);
  });

  it("include the composer's own, and are available only if enabled", async () => {
    const tools = [{ id: "search", label: "Search", icon: "globe" as const }];
    const { view } = await openPage({ commands: { enabled: true }, composer: { tools } });
    const field = view.getByRole("textbox") as HTMLTextAreaElement;
    type(field, "/sea");
    fireEvent.click(await view.findByRole("option", { name: "Search" }));
    expect(await view.findByRole("button", { name: /Search/u, pressed: true })).toBeTruthy();

    const onSearch = vi.fn(async () => []);
    const without = await openPage({ commands: { enabled: false, onSearch } });
    type(without.view.getByRole("textbox") as HTMLTextAreaElement, "/sea");
    await new Promise((done) => setTimeout(done, 200));
    expect(onSearch).not.toHaveBeenCalled();
  });
});
