// @vitest-environment node
import { problem } from "resumable-fetch/testing";
import { describe, expect, it, vi } from "vitest";
import type { ChatOptions } from "../src/core";
import { added, assistantMessage, delta, done, thread, userMessage } from "./fixtures/items";
import {
  eachWithServer,
  eventually,
  idle,
  loaded,
  openChat,
  run,
  server,
  shown,
  until,
  untilShown,
} from "./stories";

eachWithServer(() => {
  server.handlers["threads.create"] = () => ({ run });
  server.handlers["threads.add_user_message"] = () => ({ run });
});

/** Returns a chat during a response, of which "Hello" has been streamed. */
async function midResponse(options: Partial<ChatOptions> = {}) {
  const chat = openChat(options);
  if (options.initialThread) await loaded(chat);
  await chat.send({ text: "hi" });
  run.publish(
    { type: "thread.created", thread: thread() },
    done(userMessage("u", "hi")),
    added(assistantMessage("a")),
    delta("a", "Hello"),
  );
  await untilShown(chat, ["> hi", "Hello"]);
  return chat;
}

function finish(): void {
  server.items = [userMessage("u", "hi"), assistantMessage("a", "Hello world")];
  run.publish(delta("a", " world"), done(assistantMessage("a", "Hello world"))).end();
}

/** Opens a thread of a server without runs twice; `publish` sends events to the tab that asks. */
async function twoTabsWithoutRuns(unreachable: readonly string[] = []) {
  server.hasRuns = false;
  const encoder = new TextEncoder();
  const requests: string[] = [];
  let body: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      body = controller;
    },
  });
  const fetch_: typeof fetch = async (input, init) => {
    const request = String(init?.body);
    requests.push(request);
    if (!request.includes("threads.add_user_message")) return fetch(input, init);
    if (unreachable.some((text) => request.includes(`"${text}"`))) throw new TypeError("offline");
    init?.signal?.addEventListener("abort", () => body?.error(init.signal?.reason));
    return new Response(stream);
  };
  const api = { url: server.url, domainKey: "k", fetch: fetch_ };
  const [first, second] = [openChat({ api, initialThread: "thr_1" }), openChat({ api })];
  await Promise.all([loaded(first), second.openThread("thr_1")]);
  return {
    first,
    second,
    requests,
    publish: (...events: object[]) => {
      for (const event of events)
        body?.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
    },
    end: () => body?.close(),
  };
}

describe("a connection that drops during a response", () => {
  it("is shown, and the response resumes where it was", async () => {
    const chat = await midResponse();
    const states: string[] = [];
    chat.connection.subscribe((state) => states.push(state));
    run.drop();
    finish();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "Hello world"]);
    expect(states).toEqual(["online", "reconnecting", "online"]);
    expect(chat.error.value).toBeNull();
  });

  it("reloads the items when the run's log has expired", async () => {
    const chat = await midResponse();
    server.items = [userMessage("u", "hi"), assistantMessage("a", "Hello, all of it")];
    run.expireLog().drop();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "Hello, all of it"]);
    expect(chat.error.value).toBeNull();
  });

  it("reloads the items when the server lost the log", async () => {
    const chat = await midResponse();
    server.items = [userMessage("u", "hi")];
    run.snapshot().publish(added(assistantMessage("b")), delta("b", "Again"));
    await untilShown(chat, ["> hi", "Again"]);
    run.publish(done(assistantMessage("b", "Again."))).end();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "Again."]);
  });

  it("is an error that retry resolves if the run can't be resumed", async () => {
    const chat = await midResponse();
    server.onRequest = (request) =>
      request.path.endsWith("/events") ? problem(404, "run-not-found") : null;
    run.drop();
    await until(chat.error, Boolean);
    expect(chat.error.value).toMatchObject({ kind: "refused", allowRetry: true });
    expect(shown(chat)).toEqual(["> hi", "Hello"]);
    expect(chat.isResponding.value).toBe(false);

    server.onRequest = () => null;
    await chat.retry();
    await until(chat.activeRun, Boolean);
    finish();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "Hello world"]);
    expect(chat.error.value).toBeNull();
    expect(server.requestsOf("threads.retry_after_item")).toEqual([]);
  });
});

describe("a reload during a response", () => {
  it("finds the run and shows the response to its end", async () => {
    const before = await midResponse();
    before.dispose();
    server.items = [userMessage("u", "hi")];

    const chat = openChat({ initialThread: "thr_1" });
    await untilShown(chat, ["> hi", "Hello"]);
    expect(chat.activeRun.value).toMatchObject({ runId: "run_1", attached: true });
    expect(chat.canStop.value).toBe(true);
    finish();
    await idle(chat);

    expect(shown(chat)).toEqual(["> hi", "Hello world"]);
    expect(run.cancels).toBe(0);
    const types = chat.emitted.map((event) => event.type);
    expect(types).toEqual([
      "chatkit.thread.load.start",
      "chatkit.thread.load.end",
      "chatkit.response.start",
      "chatkit.response.end",
    ]);
  });

  it("ends with the thread's items, even if the replay differs", async () => {
    // The card was changed during the response; the run's log still has the old one.
    const card = (label: string) => ({
      ...{ id: "w", thread_id: "thr_1", created_at: "2026-01-01T12:00:00Z", type: "widget" },
      widget: { type: "Card", children: [{ type: "Text", value: label }] },
    });
    run.publish(done(card("open")));
    server.items = [card("done")];
    const chat = openChat({ initialThread: "thr_1" });
    await until(chat.activeRun, Boolean);
    run.end();
    await idle(chat);
    expect(chat.items.value).toMatchObject([card("done")]);
  });

  it("doesn't repeat effects", async () => {
    run.publish({ type: "client_effect", name: "confetti" }, done(userMessage("u", "hi")));
    const chat = openChat({ initialThread: "thr_1" });
    await untilShown(chat, ["> hi"]);
    expect(chat.emitted.filter((event) => event.type === "chatkit.effect")).toEqual([]);
    expect(chat.logged("effect.skipped")).toHaveLength(1);
  });

  it("shows the items if the run has ended", async () => {
    server.items = [userMessage("u", "hi"), assistantMessage("a", "Hello world")];
    const chat = openChat({ initialThread: "thr_1" });
    await untilShown(chat, ["> hi", "Hello world"]);
    expect(chat.isResponding.value).toBe(false);
  });
});

describe("two tabs", () => {
  it("both show the response while it streams", async () => {
    server.items = [];
    const first = openChat({ initialThread: "thr_1" });
    const second = openChat({ initialThread: "thr_1" });
    await loaded(first);
    await loaded(second);
    await first.send({ text: "hi" });
    run.publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "Hello"));
    await untilShown(first, ["> hi", "Hello"]);
    await untilShown(second, ["> hi", "Hello"]);
    finish();
    await idle(first);
    await idle(second);
    expect(shown(second)).toEqual(["> hi", "Hello world"]);
  });

  it("both show the response of a server without runs while it streams", async () => {
    const { first, second, publish, end } = await twoTabsWithoutRuns();
    await first.send({ text: "hi" });
    publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "Hel"));
    await untilShown(second, ["> hi", "Hel"]);
    publish({ type: "client_effect", name: "confetti" }, delta("a", "lo"));
    await untilShown(second, ["> hi", "Hello"]);

    server.items = [userMessage("u", "hi"), assistantMessage("a", "Hello!")];
    publish(done(assistantMessage("a", "Hello")));
    end();
    await untilShown(second, ["> hi", "Hello!"]);
    expect(second.openItemIds.value.size).toBe(0);
    expect(second.emitted.map(({ type }) => type)).not.toContain("chatkit.effect");
  });

  it("keep the response of a server without runs when the user changes the tab", async () => {
    const page = new EventTarget();
    vi.stubGlobal("document", page);
    const { first, second, requests, publish } = await twoTabsWithoutRuns();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
    await first.send({ text: "hi" });
    publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "Hel"));
    await untilShown(second, ["> hi", "Hel"]);

    const count = requests.length;
    page.dispatchEvent(new Event("visibilitychange"));
    publish(delta("a", "lo"));
    await untilShown(second, ["> hi", "Hello"]);
    expect(requests).toHaveLength(count);
  });

  it("drop the response of a server without runs that was left", async () => {
    const { first, second, publish } = await twoTabsWithoutRuns();
    await first.send({ text: "hi" });
    publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "Hel"));
    await untilShown(second, ["> hi", "Hel"]);

    server.items = [userMessage("u", "hi")];
    first.newThread();
    await untilShown(second, ["> hi"]);
  });

  it("keep their own undelivered message while the other tab gets a response", async () => {
    const { first, second, publish } = await twoTabsWithoutRuns(["no"]);
    await second.send({ text: "no" });
    expect(second.pending.value?.status).toBe("failed");
    await first.send({ text: "hi" });
    publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "Hel"));
    await untilShown(second, ["> hi", "Hel"]);
    expect(second.pending.value?.status).toBe("failed");
  });

  it("show the rest if a tab of another version sends an event that can't be applied", async () => {
    const chat = openChat({ initialThread: "thr_1" });
    await loaded(chat);
    const tab = new BroadcastChannel(`open-chatkit ${server.url}`);
    const events = [{ type: "thread.item.added" }, done(assistantMessage("a", "Hello"))];
    tab.postMessage({ type: "events", threadId: "thr_1", events });
    await untilShown(chat, ["Hello"]);
    expect(chat.logged("event.failed")).toHaveLength(1);
    tab.close();
  });

  it("keep their own undelivered message after the other tab's run", async () => {
    server.items = [];
    const options = { initialThread: "thr_1" };
    const [first, second] = [openChat(options), openChat(options)];
    await Promise.all([loaded(first), loaded(second)]);
    const isOurs = (body: string) => body.includes('"mine"');
    server.onRequest = ({ body }) => (isOurs(body) ? problem(503, "unavailable") : null);
    await second.send({ text: "mine" });
    await first.send({ text: "hi" });
    run.publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "Hello"));
    await untilShown(second, ["> hi", "Hello"]);
    finish();
    await until(second.pending, (pending) => pending?.status === "failed");
    expect(second.error.value).toMatchObject({ status: 503, allowRetry: true });
  });

  it("both drop the mark of a stopped response that one regenerates", async () => {
    const saved = new Map([["open-chatkit:stopped", '["u"]']]);
    vi.stubGlobal("localStorage", {
      getItem: (key: string) => saved.get(key) ?? null,
      setItem: (key: string, value: string) => saved.set(key, value),
    });
    server.items = [userMessage("u", "hi")];
    server.handlers["threads.retry_after_item"] = () => ({ run });
    const [first, second] = [
      openChat({ initialThread: "thr_1" }),
      openChat({ initialThread: "thr_1" }),
    ];
    await Promise.all([loaded(first), loaded(second)]);
    expect([...second.stoppedAfter.value]).toEqual(["u"]);
    await first.retry();
    await until(second.activeRun, Boolean);
    expect([...second.stoppedAfter.value]).toEqual([]);
  });

  it("can both stop the response", async () => {
    const second = openChat({ initialThread: "thr_1" });
    await loaded(second);
    const first = await midResponse({ initialThread: "thr_1" });
    await until(second.canStop, Boolean);
    await second.stop();
    await idle(first);
    await idle(second);
    expect(run.cancels).toBe(1);
  });
});

describe("opening another thread during a response", () => {
  it("does not cancel the run and finds it again on return", async () => {
    const chat = await midResponse();
    chat.newThread();
    expect(shown(chat)).toEqual([]);
    expect(chat.isResponding.value).toBe(false);
    await eventually(() => expect(run.viewers.size).toBe(0));
    server.items = [userMessage("u", "hi")];
    await chat.openThread("thr_1");
    await untilShown(chat, ["> hi", "Hello"]);
    finish();
    await idle(chat);
    expect(run.cancels).toBe(0);
  });
});

describe("a client secret", () => {
  it("is requested at the start, and again if that fails", async () => {
    const getClientSecret = vi.fn(async (_: string | null) => "secret");
    getClientSecret.mockRejectedValueOnce(new Error("offline"));
    const chat = openChat({ api: { url: server.url, getClientSecret } });

    await eventually(() => expect(getClientSecret).toHaveBeenCalledTimes(1));
    expect(chat.error.value).toBeNull();
    await chat.history.load();

    expect(getClientSecret.mock.calls).toEqual([[null], [null]]);
    expect(server.requests.at(-1)?.headers.authorization).toBe("Bearer secret");
  });

  it("that expires during a response is renewed transparently", async () => {
    let secret = "old";
    const getClientSecret = vi.fn(async (_: string | null) => secret);
    const chat = await midResponse({ api: { url: server.url, getClientSecret } });
    secret = "new";
    server.onRequest = (request) =>
      request.headers.authorization === "Bearer new" ? null : problem(401, "unauthorized");
    run.writeUnlogged(": unauthorized\n\n").drop();
    finish();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "Hello world"]);
    expect(getClientSecret.mock.calls).toEqual([[null], ["old"]]);
  });

  it("that stays rejected is an error, not a loop", async () => {
    server.onRequest = () => problem(401, "unauthorized");
    const getClientSecret = vi.fn(async () => `secret-${Math.round(performance.now() * 1e6)}`);
    const chat = openChat({ api: { url: server.url, getClientSecret } });
    expect(await chat.send({ text: "hi" })).toBe("failed");
    expect(chat.error.value).toMatchObject({ kind: "unauthorized", status: 401 });
    expect(chat.pending.value?.status).toBe("failed");
    expect(getClientSecret).toHaveBeenCalledTimes(2);
  });

  it("that the page fails to get isn't reported as an unreachable server", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const getClientSecret = async () => {
      throw new TypeError("Failed to fetch");
    };
    const chat = openChat({ api: { url: server.url, getClientSecret } });
    await chat.send({ text: "hi" });
    expect(chat.error.value?.kind).toBe("unreachable");
    expect(printed).not.toHaveBeenCalled();
  });

  it("is kept if the page passes new functions on each render", async () => {
    const first = vi.fn(async () => "first");
    const second = vi.fn(async () => "second");
    const chat = openChat({ api: { url: server.url, getClientSecret: first } });
    await chat.history.load();
    chat.setOptions({ api: { url: server.url, getClientSecret: second } });
    await chat.history.load();
    expect(first).toHaveBeenCalledOnce();
    expect(second).not.toHaveBeenCalled();
    server.onRequest = (request) =>
      request.headers.authorization === "Bearer second" ? null : problem(401, "unauthorized");
    await chat.history.load();
    expect(chat.history.error.value).toBeNull();
    expect(second).toHaveBeenCalledOnce();
  });
});
