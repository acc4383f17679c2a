import { fireEvent, waitFor, within } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { scriptedServer } from "../../demo/scriptedServer";
import type { Thread } from "../../src/core/types";
import {
  assistantItem,
  leavePage,
  openPage,
  type Page,
  reloadPage,
  respondWith,
  thread,
  userItem,
} from "./page";

afterEach(() => {
  leavePage();
  vi.restoreAllMocks();
});

/** Returns a fetch that fails requests of a type and sends the others to the scripted server. */
function failing(type: string, respond: () => Response | Promise<Response>): typeof fetch {
  return async (_, init) => {
    const request = JSON.parse(String(init?.body));
    if (request.type === type) return respond();
    if (request.type === "threads.list")
      return Response.json({ data: [thread([], { title: "Groceries" })], has_more: false });
    return Response.json({});
  };
}

async function sendHello({ element }: Page): Promise<void> {
  await element.sendUserMessage({ text: "Hello" }).catch(() => undefined);
}

describe("a rejected message", () => {
  it.each([
    [403, {}, "You are not allowed to do that."],
    [413, {}, "The message is too large for the server."],
    [429, { "Retry-After": "37" }, "Too many requests. Try again in 37 s."],
    [429, { "Retry-After": "9999999" }, "Too many requests. Try again in a moment."],
    [429, { "Retry-After": "600" }, "Too many requests. Try again in 10 min."],
    [429, {}, "Too many requests. Try again in a moment."],
    [502, {}, "The server failed. Try again."],
    [503, {}, "The service is unavailable. Try again later."],
  ])("with status %d and %j says: %s", async (status, headers, text) => {
    const respond = () => new Response("", { status, headers });
    const page = await openPage({ fetch: failing("threads.create", respond) });
    await sendHello(page);
    expect(await page.view.findByText(text)).toBeTruthy();
  });

  it("says that the user is offline", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    const respond = () => Promise.reject(new TypeError("Failed to fetch"));
    const page = await openPage({ fetch: failing("threads.create", respond) });
    await sendHello(page);
    expect(within(await page.view.findByRole("alert")).getByText("You are offline.")).toBeTruthy();
  });

  it("isn't announced as complete", async () => {
    const respond = () => new Response("", { status: 500 });
    const page = await openPage({ fetch: failing("threads.create", respond) });
    await sendHello(page);
    const heard = page.element.shadowRoot?.querySelector("[aria-atomic]");
    await waitFor(() => expect(heard?.textContent).toBe("Something went wrong."));
  });
});

describe("after a reload", () => {
  it("an undelivered message has its error and can be sent", async () => {
    const respond = () => new Response("", { status: 500 });
    await sendHello(await openPage({ fetch: failing("threads.create", respond) }));
    const { view, server } = await reloadPage({ script: respondWith("Hi.") });
    expect(await view.findByText("The server failed. Try again.")).toBeTruthy();
    expect(view.getByText("Hello")).toBeTruthy();

    fireEvent.click(view.getByRole("button", { name: "Retry" }));
    await view.findByText("Hi.");
    expect(server.requests.map(({ type }) => type)).toEqual(["threads.create"]);
    const again = await reloadPage({});
    await again.view.findByRole("heading", { name: "What can I help with today?" });
    expect(again.view.queryByRole("alert")).toBeNull();
  });

  it("a failed response has its error and can be retried, until there is another", async () => {
    const threads = [thread([userItem("Hello")])];
    const script = () => [
      { type: "error" as const, code: "custom", message: "Over budget.", allow_retry: true },
    ];
    const first = await openPage({ threads, script, initialThread: "thr_1" });
    await first.view.findByText("Hello");
    await sendHello(first);
    await first.view.findByText("Over budget.");
    await waitFor(() => expect(first.events).toContain("chatkit.response.end"));

    const second = await reloadPage({
      threads,
      script: respondWith("Hi."),
      initialThread: "thr_1",
    });
    await second.view.findByText("Over budget.");
    fireEvent.click(second.view.getByRole("button", { name: "Retry" }));
    await second.view.findByText("Hi.");
    expect(second.server.requests.at(-1)?.type).toBe("threads.retry_after_item");
    expect(second.view.queryByText("Over budget.")).toBeNull();
  });

  it.each([
    [403, "You are not allowed to do that."],
    [413, "The message is too large for the server."],
  ])("a message rejected with %i is in the composer, with its error", async (status, text) => {
    const respond = () => new Response("", { status });
    const first = await openPage({ fetch: failing("threads.create", respond) });
    fireEvent.input(first.view.getByRole("textbox"), { target: { value: "Hello" } });
    fireEvent.keyDown(first.view.getByRole("textbox"), { key: "Enter" });
    await first.view.findByText(text);

    const { view, server } = await reloadPage({ script: respondWith("Hi.") });
    expect(await view.findByText(text)).toBeTruthy();
    const field = view.getByRole("textbox") as HTMLTextAreaElement;
    await waitFor(() => expect(field.value).toBe("Hello"));
    fireEvent.keyDown(field, { key: "Enter" });
    await view.findByText("Hi.");
    expect(view.queryByText(text)).toBeNull();
    expect(server.requests.map(({ type }) => type)).toEqual(["threads.create"]);
  });

  it("a failed action can be retried, and the response stays", async () => {
    const threads = [thread([userItem("Hello"), assistantItem("Hi there")])];
    const fails: typeof fetch = async (input, init) => {
      const isAction = String(init?.body).includes("threads.custom_action");
      return isAction ? new Response("", { status: 500 }) : server.fetch(input, init);
    };
    const server = scriptedServer({ threads, script: () => [] });
    const first = await openPage({ fetch: fails, initialThread: "thr_1" });
    await first.view.findByText("Hi there");
    await first.element.sendCustomAction({ type: "noted" }).catch(() => undefined);
    await first.view.findByText("The server failed. Try again.");

    const script = respondWith("Noted.");
    const second = await reloadPage({ threads, script, initialThread: "thr_1" });
    fireEvent.click(await second.view.findByRole("button", { name: "Retry" }));
    await second.view.findByText("Noted.");
    expect(second.view.getByText("Hi there")).toBeTruthy();
    expect(second.server.requests.at(-1)?.type).toBe("threads.custom_action");
  });

  it("a dismissed error stays dismissed, and its message is back in the composer", async () => {
    const respond = () => new Response("", { status: 500 });
    const first = await openPage({ fetch: failing("threads.create", respond) });
    fireEvent.input(first.view.getByRole("textbox"), { target: { value: "Hello" } });
    fireEvent.keyDown(first.view.getByRole("textbox"), { key: "Enter" });
    await first.view.findByText("The server failed. Try again.");
    const second = await reloadPage({});
    fireEvent.click(await second.view.findByRole("button", { name: "Dismiss" }));
    await waitFor(() => {
      expect((second.view.getByRole("textbox") as HTMLTextAreaElement).value).toBe("Hello");
    });
    const third = await reloadPage({});
    expect(third.view.queryByRole("alert")).toBeNull();
  });
});

describe("while the history is open", () => {
  it("shows that a chat couldn't be renamed, and its old title", async () => {
    const respond = () => new Response("", { status: 500 });
    const { element, view } = await openPage({ fetch: failing("threads.update", respond) });
    await element.showHistory();
    fireEvent.click(await view.findByRole("button", { name: "More for Groceries" }));
    fireEvent.click(view.getByRole("menuitem", { name: "Rename" }));
    const field = view.getByRole("textbox", { name: "Chat title" }) as HTMLInputElement;
    field.value = "Plants";
    fireEvent.submit(field.closest("form") as HTMLFormElement);

    const message = await view.findByText("The server failed. Try again.");
    expect(message.closest("[inert]")).toBeNull();
    expect(view.getByText("Groceries")).toBeTruthy();
  });

  it("shows that a response failed", async () => {
    const script = () => [
      { type: "error" as const, code: "custom", message: "Over budget.", allow_retry: true },
    ];
    const { element, view } = await openPage({ script });
    await element.showHistory();
    await element.sendUserMessage({ text: "Hello" });
    await waitFor(() => {
      const shown = view.getAllByText("Over budget.");
      expect(shown.filter((box: HTMLElement) => box.closest("[inert]") === null)).toHaveLength(1);
    });
  });
});

describe("Enter of an input method", () => {
  const ENTERS = [
    { isComposing: true },
    { keyCode: 229, isComposing: false }, // Safari, after the end of the composition
  ];

  it.each(ENTERS)("doesn't send: %j", async (init) => {
    const { view, server } = await openPage({ script: respondWith("Hi.") });
    const field = view.getByRole("textbox");
    fireEvent.input(field, { target: { value: "にほんご" } });
    expect(fireEvent.keyDown(field, { key: "Enter", ...init })).toBe(true);
    expect(server.requests).toEqual([]);

    fireEvent.keyDown(field, { key: "Enter", keyCode: 13 });
    await view.findByText("Hi.");
  });

  it.each(ENTERS)("takes no suggestion: %j", async (init) => {
    const { view } = await openPage({
      entities: { onTagSearch: async () => [{ id: "1", title: "Ada" }] },
    });
    const field = view.getByRole("textbox") as HTMLTextAreaElement;
    field.value = "@a";
    field.setSelectionRange(2, 2);
    fireEvent.input(field);
    await view.findByRole("option", { name: "Ada" });
    fireEvent.keyDown(field, { key: "Enter", ...init });
    expect(field.value).toBe("@a");
    expect(view.getByRole("option", { name: "Ada" })).toBeTruthy();
  });
});

it("a stopped response is marked, also after a reload", async () => {
  const threads: Thread[] = [];
  const half = assistantItem("Half of it");
  const first = await openPage({
    threads,
    script: () => [{ type: "thread.item.added", item: half }, new Promise(() => undefined)],
  });
  void first.element.sendUserMessage({ text: "Hello" });
  await first.view.findByText("Half of it");
  fireEvent.click(first.view.getByRole("button", { name: "Stop" }));
  const mark = "You stopped this response.";
  await first.view.findByText(mark, { selector: "[part=stopped]" });

  threads[0]?.items.data.push(half); // openai-chatkit stores partial messages
  const second = await reloadPage({ threads, initialThread: threads[0]?.id ?? null });
  await second.view.findByText(mark, { selector: "[part=stopped]" });
  localStorage.setItem("open-chatkit:stopped", "{"); // by another script
  const third = await reloadPage({ threads, initialThread: threads[0]?.id ?? null });
  await third.view.findByText("Half of it");
  expect(third.view.queryByText(mark)).toBeNull();
});

it("a response that nobody stopped isn't marked as the user's", async () => {
  const [asked, half] = [userItem("Hello"), assistantItem("Half of it")];
  const server = scriptedServer({ threads: [thread([asked, half])], script: () => [] });
  const answer: typeof fetch = async (input, init) => {
    if (String(input).includes("/runs?"))
      return Response.json({ items: [], stopped_after: [], interrupted_after: [half.id] });
    const response = await server.fetch(input, init);
    response.headers.set("X-Resumable", "1");
    return response;
  };
  const { view } = await openPage({ fetch: answer, initialThread: "thr_1" });
  const selector = "[part=stopped]";
  expect(await view.findByText("The response was interrupted.", { selector })).toBeTruthy();
  expect(view.queryByText("You stopped this response.")).toBeNull();
});
