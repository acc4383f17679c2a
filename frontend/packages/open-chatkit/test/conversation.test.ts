// @vitest-environment node
import { problem } from "resumable-fetch/testing";
import { describe, expect, it, vi } from "vitest";
import { added, assistantMessage, delta, done, thread, userMessage } from "./fixtures/items";
import {
  eachWithServer,
  eventually,
  idle,
  openChat,
  openThread,
  paramsOf,
  run,
  server,
  shown,
  type TestChat,
  until,
  untilShown,
} from "./stories";

eachWithServer();

const names = (chat: TestChat) => chat.emitted.map((event) => event.type);

describe("a first message", () => {
  it("creates a thread and streams its response token by token", async () => {
    server.handlers["threads.create"] = () => ({ run });
    const chat = openChat({ locale: "de" });

    expect(await chat.send({ text: " add milk \n" })).toBe("sent");
    expect(chat.pending.value?.content).toEqual([{ type: "input_text", text: "add milk" }]);
    run.publish({ type: "thread.created", thread: thread() }, done(userMessage("u", "add milk")));
    await untilShown(chat, ["> add milk"]);
    expect(chat.pending.value).toBeNull();
    expect(chat.threadId.value).toBe("thr_1");
    run.publish({ type: "progress_update", text: "Thinking", icon: "bolt" });
    expect(await until(chat.progress, Boolean)).toEqual({ text: "Thinking", icon: "bolt" });
    run.publish(added(assistantMessage("a")), delta("a", "Add"));
    await untilShown(chat, ["> add milk", "Add"]);
    expect(chat.progress.value).toBeNull();
    expect([...chat.openItemIds.value]).toEqual(["a"]);
    run.publish(delta("a", "ed."), done(assistantMessage("a", "Added."))).end();
    await idle(chat);

    expect(shown(chat)).toEqual(["> add milk", "Added."]);
    expect(names(chat)).toEqual([
      "chatkit.response.start",
      "chatkit.thread.change",
      "chatkit.response.end",
    ]);
    const [request] = server.requestsOf("threads.create");
    expect(request?.headers).toMatchObject({
      authorization: "Bearer secret",
      "accept-language": "de",
      "content-type": "application/json",
      "x-resumable": "1",
    });
    expect(JSON.parse(request?.body ?? "")).toEqual({
      type: "threads.create",
      params: {
        input: {
          content: [{ type: "input_text", text: "add milk" }],
          attachments: [],
          quoted_text: "",
          inference_options: {},
        },
      },
    });
  });

  it("is followed by the composer's draft in the same thread", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    chat.composer.set({
      content: [{ type: "input_text", text: "and bread" }],
      reply: "milk",
      toolId: "search",
      modelId: "large",
    });
    expect(chat.composer.canSend.value).toBe(true);

    expect(await chat.send()).toBe("sent");

    expect(chat.composer.draft.value).toMatchObject({ content: [], reply: null, toolId: null });
    expect(paramsOf("threads.add_user_message")).toMatchObject([
      {
        thread_id: "thr_1",
        input: {
          quoted_text: "milk",
          inference_options: { tool_choice: { id: "search" }, model: "large" },
        },
      },
    ]);
    expect(await chat.send({ text: "too early" })).toBe("busy");
  });
});

it("requests have the language and the time zone", async () => {
  server.handlers["threads.create"] = () => ({ run: run.end() });
  vi.stubGlobal("navigator", { language: "en-NZ" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [german, usual] = [openChat({ locale: "de" }), openChat()];
  await german.history.load();
  await usual.send({ text: "hi" });
  const sent = server.requests.map(({ headers }) => [
    headers["accept-language"],
    headers["x-timezone"],
  ]);
  expect(sent.slice(0, 2)).toEqual([
    ["de", zone],
    ["en-NZ", zone],
  ]);
  vi.unstubAllGlobals();
});

describe("the hosted service", () => {
  it("gets requests at the public clients' URL with its secret, without extra headers", async () => {
    const sent = vi.fn(async () => Response.json({ data: [], has_more: false }));
    vi.stubGlobal("fetch", sent);
    const chat = openChat({ api: { getClientSecret: async () => "ek_1" } });
    await chat.history.load();
    vi.unstubAllGlobals();

    const [url, init] = sent.mock.lastCall as unknown as [string, RequestInit];
    const headers = new Headers(init.headers);
    expect(url).toBe("https://api.openai.com/v1/chatkit/conversation");
    expect(headers.get("Authorization")).toBe("Bearer ek_1");
    expect(headers.get("OpenAI-Beta")).toBe("chatkit_beta=v1");
    for (const name of ["X-Timezone", "X-Resumable", "Idempotency-Key"]) {
      expect(headers.get(name)).toBeNull();
    }
    expect(chat.history.error.value).toBeNull();
  });
});

it("the default model is sent unless another is selected", async () => {
  server.handlers["threads.create"] = () => ({ run: run.end() });
  const models = [
    { id: "small", label: "S" },
    { id: "large", label: "L", default: true },
  ];
  const chat = openChat({ composer: { models } });
  for (const modelId of [null, "small"]) {
    chat.newThread();
    chat.composer.set({ content: [{ type: "input_text", text: "hi" }], modelId });
    await chat.send();
    await idle(chat);
  }
  expect(paramsOf("threads.create")).toMatchObject([
    { input: { inference_options: { model: "large" } } },
    { input: { inference_options: { model: "small" } } },
  ]);
});

describe("other events of a stream", () => {
  it("are shown, emitted or logged, and never crash", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    await chat.send({ text: "hi" });
    run.publish(
      { type: "stream_options", stream_options: { allow_cancel: false } },
      { type: "client_effect", name: "confetti", data: { amount: 3 } },
      { type: "notice", level: "warning", message: "Nearly *full*" },
      { type: "thread.updated", thread: thread("thr_1", { title: "Shopping" }) },
      { type: "hologram.shown", angle: 3 },
      done({ id: "x", thread_id: "thr_1", created_at: "", type: "hologram" }),
      delta("nobody", "?"),
      { type: "error", code: "custom", message: "Out of paper", allow_retry: true },
    );
    await until(chat.error, Boolean);

    expect(chat.canStop.value).toBe(false);
    expect(chat.notices.value).toMatchObject([{ level: "warning", message: "Nearly *full*" }]);
    expect(chat.thread.value?.title).toBe("Shopping");
    expect(chat.error.value).toEqual({
      kind: "stream",
      code: "custom",
      message: "Out of paper",
      allowRetry: true,
    });
    expect(chat.emitted).toContainEqual({
      type: "chatkit.effect",
      detail: { name: "confetti", data: { amount: 3 } },
    });
    expect(chat.logged("event.unknown")).toHaveLength(1);
    expect(chat.logged("item.unknown")).toHaveLength(1);
    expect(chat.logged("event.ignored")).toMatchObject([{ reason: "unknown-item" }]);
    expect(names(chat)).toContain("chatkit.error");
    run.end("failed");
    await idle(chat);
  });

  it("update one message per token, not the list", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    server.items = [userMessage("u0", "old")];
    const chat = await openThread();
    await chat.send({ text: "hi" });
    run.publish(added(assistantMessage("a")));
    await until(chat.itemIds, (ids) => ids.length === 2);
    const ids = chat.itemIds.value;
    const one = chat.item("a");
    const other = chat.item("u0");
    const otherBefore = other.value;

    run.publish(delta("a", "x"));
    await until(one, (item) => item?.type === "assistant_message" && item.content.length === 1);

    expect(chat.itemIds.value).toBe(ids);
    expect(other.value).toBe(otherBefore);
    run.publish({ type: "thread.item.removed", item_id: "a" });
    await until(one, (item) => item === undefined);
  });
});

describe("Stop", () => {
  it("cancels the run and keeps the text so far", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    await chat.send({ text: "tell me everything" });
    run.publish(added(assistantMessage("a")), delta("a", "Well"));
    await untilShown(chat, ["Well"]);
    expect(chat.canStop.value).toBe(true);
    run.onCancel = () => run.publish(done(assistantMessage("a", "Well"))).end("cancelled");

    await chat.stop();
    await idle(chat);

    expect(run.cancels).toBe(1);
    expect(shown(chat)).toEqual(["Well"]);
    expect(chat.error.value).toBeNull();
    expect(chat.isStopping.value).toBe(false);
  });

  it("aborts a request without a response at once, and cancels the run of a late response", async () => {
    let release = () => {};
    const usual = server.onChat;
    const chat = await openThread();
    server.handlers["threads.add_user_message"] = () => ({ run });
    server.onChat = async (body, request) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return usual(body, request);
    };
    const content = [{ type: "input_text" as const, text: "hi" }];
    chat.composer.set({ content });
    const sent = chat.send();
    expect(names(chat)).toContain("chatkit.response.start");
    expect(chat.canStop.value).toBe(true);
    await eventually(() => expect(server.requestsOf("threads.add_user_message")).toHaveLength(1));
    await chat.stop();
    expect(await sent).toBe("failed");
    expect(chat.isResponding.value).toBe(false);
    expect(chat.pending.value).toBeNull();
    expect(chat.error.value).toBeNull();
    expect(chat.composer.draft.value.content).toEqual(content);
    expect(names(chat).at(-1)).toBe("chatkit.response.end");

    release();
    await eventually(() => expect(run.cancels).toBe(1));
  });

  it("returns a message to the composer that the server hasn't confirmed", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    const content = [{ type: "input_text" as const, text: "hi" }];
    chat.composer.set({ content });
    expect(await chat.send()).toBe("sent");
    await chat.stop();
    await idle(chat);
    await eventually(() => expect(chat.composer.draft.value.content).toEqual(content));
    expect(chat.pending.value).toBeNull();
  });

  it("marks the stopped response", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    await chat.send({ text: "hi" });
    run.publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "half"));
    await untilShown(chat, ["> hi", "half"]);
    await chat.stop();
    await idle(chat);
    expect([...chat.stoppedAfter.value]).toEqual(["a"]);
  });

  it("shows the marks that the server knows, instead of older ones", async () => {
    server.items = [
      userMessage("u", "hi"),
      assistantMessage("a", "half"),
      userMessage("u2", "so?"),
    ];
    server.stoppedAfter = ["a"];
    const chat = await openThread();
    await eventually(() => expect([...chat.stoppedAfter.value]).toEqual(["a"]));
    server.stoppedAfter = ["u2"];
    await chat.fetchUpdates();
    expect([...chat.stoppedAfter.value]).toEqual(["u2"]);
    server.stoppedAfter = undefined;
    await chat.fetchUpdates();
    expect([...chat.stoppedAfter.value]).toEqual(["u2"]);
  });

  it("before the response leaves no mark once it is regenerated", async () => {
    server.items = [userMessage("u", "hi")];
    server.stoppedAfter = ["u"];
    server.handlers["threads.retry_after_item"] = () => ({ run });
    const chat = await openThread();
    await eventually(() => expect([...chat.stoppedAfter.value]).toEqual(["u"]));
    run.publish(done(assistantMessage("a", "Hello"))).end();
    await chat.retry();
    await idle(chat);
    expect([...chat.stoppedAfter.value]).toEqual([]);
  });

  it("doesn't mark an earlier response", async () => {
    server.items = [userMessage("u", "hi"), assistantMessage("a", "All of it")];
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    expect(await chat.send({ text: "more" })).toBe("sent");
    await chat.stop();
    await idle(chat);
    expect([...chat.stoppedAfter.value]).toEqual([]);
  });

  it("in another tab marks the response here, too", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    server.stoppedAfter = ["a"];
    const chat = await openThread();
    await chat.send({ text: "hi" });
    run.publish(done(userMessage("u", "hi")), done(assistantMessage("a", "half"))).end("cancelled");
    await idle(chat);
    expect([...chat.stoppedAfter.value]).toEqual(["a"]);
    expect(chat.error.value).toBeNull();
  });

  it("by the server is an interruption, not the user's stop", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    server.stoppedAfter = [];
    server.interruptedAfter = ["a"];
    const chat = await openThread();
    await chat.send({ text: "hi" });
    run.publish(done(userMessage("u", "hi")), done(assistantMessage("a", "half"))).end("cancelled");
    await idle(chat);
    expect([...chat.stoppedAfter.value]).toEqual([]);
    expect([...chat.interruptedAfter.value]).toEqual(["a"]);
  });

  it("by the page's own fetch is an error", async () => {
    server.hasRuns = false;
    const events = [done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "half")];
    const text = new Blob(events.map((event) => `data: ${JSON.stringify(event)}\n\n`)).stream();
    const timeLimit = new TransformStream<Uint8Array, Uint8Array>({
      flush: () => Promise.reject(new DOMException("Timed out.", "AbortError")),
    });
    const limited = new Response(text.pipeThrough(timeLimit));
    const chat = await openThread({
      api: {
        url: server.url,
        domainKey: "k",
        fetch: async (url: RequestInfo | URL, init?: RequestInit) =>
          String(init?.body).includes("threads.add_user_message") ? limited : fetch(url, init),
      },
    });
    await chat.send({ text: "hi" });
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "half"]);
    expect([...chat.stoppedAfter.value]).toEqual([]);
    expect(chat.error.value).toMatchObject({ allowRetry: true });
  });

  it.each(["before the response", "in the middle of the response"])(
    "%s takes effect at once if the page's fetch ignores its signal",
    async (when) => {
      const event = `data: ${JSON.stringify(done(userMessage("u", "hi")))}\n\n`;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode(event)),
      });
      const response =
        when === "before the response"
          ? new Promise<Response>(() => undefined)
          : Promise.resolve(new Response(body));
      const chat = openChat({ api: { url: server.url, domainKey: "k", fetch: () => response } });
      const sent = chat.send({ text: "hi" });
      if (when !== "before the response") await untilShown(chat, ["> hi"]);
      await chat.stop();
      expect(await sent).toBe(when === "before the response" ? "failed" : "sent");
      await idle(chat);
      expect(chat.error.value).toBeNull();
    },
  );

  it("closes the stream of a server without runs", async () => {
    let isClosed = false;
    const chat = openChat({
      api: {
        url: server.url,
        domainKey: "key",
        fetch: async (_, init) => {
          init?.signal?.addEventListener("abort", () => {
            isClosed = true;
          });
          const created = { type: "thread.created", thread: thread() };
          const events = [
            created,
            { type: "stream_options", stream_options: { allow_cancel: true } },
          ];
          return new Response(
            new ReadableStream({
              start(controller) {
                for (const event of events) {
                  controller.enqueue(
                    new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`),
                  );
                }
                init?.signal?.addEventListener("abort", () =>
                  controller.error(init.signal?.reason),
                );
              },
            }),
            { headers: { "Content-Type": "text/event-stream" } },
          );
        },
      },
    });
    await chat.send({ text: "hi" });
    await until(chat.canStop, Boolean);
    await chat.stop();
    await idle(chat);
    expect(isClosed).toBe(true);
    expect(chat.error.value).toBeNull();
  });
});

describe("a stream that ends in the middle of an item", () => {
  const foreign = () => ({ url: server.url, domainKey: "k" });
  const half = [added(assistantMessage("a")), delta("a", "Half of an ans")];

  it.each(["foreign", "own"])("is reported as interrupted, by a %s server", async (kind) => {
    server.hasRuns = kind === "own";
    const events = [done(userMessage("u", "hi")), ...half];
    server.handlers["threads.add_user_message"] = () => ({ events });
    server.handlers["threads.retry_after_item"] = () => ({
      events: [done(assistantMessage("a2", "A whole answer"))],
    });
    const chat = await openThread({ api: foreign() });
    await chat.send({ text: "hi" });
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "Half of an ans"]);
    expect(chat.error.value).toMatchObject({ code: "cut-off", allowRetry: true });
    if (kind === "own") return;

    await chat.retry();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "A whole answer"]);
    expect(chat.error.value).toBeNull();
  });

  it("keeps a message that wasn't confirmed and sends it again", async () => {
    server.hasRuns = false;
    server.handlers["threads.create"] = () => ({
      events: [{ type: "thread.created", thread: thread("thr_2") }, ...half],
    });
    server.handlers["threads.add_user_message"] = () => ({
      events: [done(userMessage("u", "hi"))],
    });
    const chat = openChat({ api: foreign() });
    await chat.send({ text: "hi" });
    await until(chat.pending, (pending) => pending?.status === "failed");
    expect(chat.error.value?.allowRetry).toBe(true);

    await chat.retry();
    await idle(chat);
    expect(paramsOf("threads.add_user_message")).toMatchObject([{ thread_id: "thr_2" }]);
    expect(chat.pending.value).toBeNull();
  });

  it("is complete without the blank line after its last event", async () => {
    const text = [done(userMessage("u", "hi")), done(assistantMessage("a", "Yes"))]
      .map((event) => `data: ${JSON.stringify(event)}`)
      .join("\n\n");
    const headers = { "Content-Type": "text/event-stream" };
    const api = { ...foreign(), fetch: async () => new Response(text, { headers }) };
    const chat = openChat({ api });
    await chat.send({ text: "hi" });
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "Yes"]);
    expect(chat.error.value).toBeNull();
  });
});

describe("a stream that ends without a response", () => {
  const foreign = () => ({ url: server.url, domainKey: "k" });
  const asked = done(userMessage("u", "hi"));

  it("is reported as interrupted, and retry asks a foreign server for a response", async () => {
    server.hasRuns = false;
    server.handlers["threads.add_user_message"] = () => ({ events: [asked] });
    const chat = await openThread({ api: foreign() });
    await chat.send({ text: "hi" });
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi"]);
    expect(chat.error.value).toMatchObject({ kind: "stream", allowRetry: true });

    server.handlers["threads.retry_after_item"] = () => ({ events: [] });
    await chat.retry();
    await idle(chat);
    expect(chat.error.value).toMatchObject({ kind: "stream", allowRetry: true });
    server.handlers["threads.retry_after_item"] = () => ({
      events: [done(assistantMessage("a", "At last"))],
    });
    await chat.retry();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "At last"]);
    expect(chat.error.value).toBeNull();
  });

  it("is reported as interrupted, and retry asks a server with runs for a response", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run: run.publish(asked).end() });
    server.handlers["threads.retry_after_item"] = () => ({
      run: server
        .newRun("run_2")
        .publish(done(assistantMessage("a", "At last")))
        .end(),
    });
    const chat = await openThread();
    await chat.send({ text: "hi" });
    await idle(chat);
    expect(chat.error.value).toMatchObject({ kind: "stream", allowRetry: true });
    server.items = [userMessage("u", "hi")];

    await chat.retry();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "At last"]);
    expect(chat.error.value).toBeNull();
  });

  it("is still answered by a retry after one that couldn't load the thread", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run: run.publish(asked).end() });
    server.handlers["threads.retry_after_item"] = () => ({
      events: [done(assistantMessage("a", "At last"))],
    });
    const chat = await openThread();
    await chat.send({ text: "hi" });
    await idle(chat);
    server.items = [userMessage("u", "hi")];
    server.onRequest = () => problem(503, "unavailable");
    await chat.retry();
    expect(chat.error.value).toMatchObject({ status: 503, allowRetry: true });

    server.onRequest = () => null;
    await chat.retry();
    await idle(chat);
    expect(shown(chat)).toEqual(["> hi", "At last"]);
  });

  it("isn't replaced by a retry of a later refresh at a foreign server", async () => {
    server.hasRuns = false;
    server.handlers["threads.add_user_message"] = () => ({ events: [asked] });
    const chat = await openThread({ api: foreign() });
    await chat.send({ text: "hi" });
    await idle(chat);
    chat.dismissError();
    server.onRequest = () => problem(503, "unavailable");
    await chat.fetchUpdates();
    server.onRequest = () => null;
    server.items = [userMessage("u", "hi"), assistantMessage("a", "Stored")];
    await chat.retry();
    await untilShown(chat, ["> hi", "Stored"]);
    expect(paramsOf("threads.retry_after_item")).toEqual([]);
  });

  it("keeps a message that wasn't confirmed, and sends it again", async () => {
    server.hasRuns = false;
    server.handlers["threads.create"] = () => ({ events: [] });
    const chat = openChat({ api: foreign() });
    expect(await chat.send({ text: "hi" })).toBe("sent");
    await until(chat.pending, (pending) => pending?.status === "failed");
    expect(chat.error.value?.allowRetry).toBe(true);
    const events = [{ type: "thread.created", thread: thread() }, asked];
    const answered = [...events, done(assistantMessage("a", "Hello"))];
    server.handlers["threads.create"] = () => ({ events: answered });
    await chat.retry();
    await untilShown(chat, ["> hi", "Hello"]);
  });

  it.each([
    ["an action", "threads.custom_action"],
    ["the result of a client tool", "threads.add_client_tool_output"],
    ["answers to questions", "threads.add_structured_input"],
  ])("isn't an error for %s", async (_, type) => {
    server.hasRuns = false;
    server.items = [userMessage("u", "hi"), assistantMessage("a", "Hello")];
    server.handlers[type] = () => ({ events: [] });
    const chat = await openThread({ api: foreign() });
    if (type === "threads.custom_action") await chat.action({ type: "noted" });
    else if (type === "threads.add_structured_input") {
      await chat.submitStructuredInput("a", { status: "skipped", answers: {} });
    } else await chat.submitClientToolResult("a", { noted: true });
    await idle(chat);
    expect(paramsOf(type)).toHaveLength(1);
    expect(chat.error.value).toBeNull();
  });
});

describe("the events of a response", () => {
  const ofResponses = (chat: TestChat) =>
    names(chat).filter((name) => name.startsWith("chatkit.response."));
  const both = ["chatkit.response.start", "chatkit.response.end"];

  it("are a start and one end if the user opens another thread", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    await chat.send({ text: "hi" });
    chat.newThread();
    expect(ofResponses(chat)).toEqual(both);
    run.end();
    await eventually(() => expect(run.viewers.size).toBe(0));
    expect(ofResponses(chat)).toEqual(both);
  });

  it.each(["rejected", "interrupted", "stopped", "complete"])(
    "are a start and one end if it is %s",
    async (outcome) => {
      server.handlers["threads.add_user_message"] = () =>
        outcome === "rejected" ? problem(500, "internal-error") : { run };
      const chat = await openThread();
      const sent = chat.send({ text: "hi" });
      expect(ofResponses(chat)).toEqual(["chatkit.response.start"]);
      await sent;
      const asked = done(userMessage("u", "hi"));
      if (outcome === "interrupted") run.publish(asked).end("failed");
      if (outcome === "complete") run.publish(asked, done(assistantMessage("a", "Hello"))).end();
      if (outcome === "stopped") await chat.stop();
      await idle(chat);
      expect(ofResponses(chat)).toEqual(both);
    },
  );
});

describe("a busy thread", () => {
  it("shows the response in progress and keeps the draft", async () => {
    server.handlers["threads.add_user_message"] = () =>
      problem(409, "thread-busy", { run_id: "run_1", thread_id: "thr_1" });
    const chat = await openThread();
    run.publish(
      done(userMessage("u", "from elsewhere")),
      added(assistantMessage("a")),
      delta("a", "…"),
    );
    chat.composer.set({ content: [{ type: "input_text", text: "mine" }] });

    expect(await chat.send()).toBe("busy");

    await untilShown(chat, ["> from elsewhere", "…"]);
    expect(chat.composer.draft.value.content).toEqual([{ type: "input_text", text: "mine" }]);
    expect(chat.pending.value).toBeNull();
    expect(chat.error.value).toBeNull();
    expect(chat.activeRun.value).toMatchObject({ runId: "run_1", attached: true });
    server.items = [userMessage("u", "from elsewhere"), assistantMessage("a", "Done")];
    run.publish(done(assistantMessage("a", "Done"))).end();
    await idle(chat);
    expect(shown(chat)).toEqual(["> from elsewhere", "Done"]);
  });
});

describe("a busy thread without a run ID", () => {
  it("looks up the active run", async () => {
    server.handlers["threads.add_user_message"] = () => problem(409, "thread-busy");
    const chat = await openThread();
    run.publish(done(userMessage("u", "from elsewhere")));
    expect(await chat.send({ text: "mine" })).toBe("busy");
    await untilShown(chat, ["> from elsewhere"]);
    expect(chat.activeRun.value).toMatchObject({ runId: "run_1", attached: true });
  });
});

describe("an undelivered message", () => {
  it("is resent with the same key", async () => {
    let attempts = 0;
    server.handlers["threads.add_user_message"] = () => {
      attempts += 1;
      return attempts === 1 ? problem(503, "queue-full") : { run };
    };
    const chat = await openThread();
    expect(await chat.send({ text: "hi" })).toBe("failed");
    expect(chat.pending.value?.status).toBe("failed");
    expect(chat.error.value).toMatchObject({ kind: "refused", code: "queue-full", status: 503 });
    run.publish(done(userMessage("u", "hi")), done(assistantMessage("a", "Hello"))).end();

    await chat.retry();
    await idle(chat);

    expect(shown(chat)).toEqual(["> hi", "Hello"]);
    expect(chat.error.value).toBeNull();
    const keys = server
      .requestsOf("threads.add_user_message")
      .map((request) => request.headers["idempotency-key"]);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it("returns to the composer when it is permanently rejected", async () => {
    server.handlers["threads.add_user_message"] = () => problem(422, "invalid-input");
    const chat = await openThread();
    const content = [{ type: "input_text" as const, text: "hi" }];
    chat.composer.set({ content });
    expect(await chat.send()).toBe("failed");
    expect(chat.composer.draft.value.content).toEqual(content);
    expect(chat.pending.value).toBeNull();
    expect(chat.error.value).toMatchObject({ allowRetry: false });
  });

  it("is not sent in a closed thread", async () => {
    server.handlers["threads.get_by_id"] = () => ({
      json: { ...thread("thr_1", { status: { type: "closed" } }), items: { data: [] } },
    });
    const chat = await openThread();
    chat.composer.set({ content: [{ type: "input_text", text: "hi" }] });
    expect(chat.composer.canSend.value).toBe(false);
    expect(await chat.send()).toBe("failed");
    expect(server.requestsOf("threads.add_user_message")).toEqual([]);
  });
});

describe("retry", () => {
  it("regenerates the response and drops the items after the user's message", async () => {
    server.items = [
      userMessage("u1", "one"),
      assistantMessage("a1", "1"),
      userMessage("u2", "two"),
      assistantMessage("a2", "2"),
    ];
    server.handlers["threads.retry_after_item"] = () => ({ run });
    const chat = await openThread();

    await chat.retry("a1");
    expect(shown(chat)).toEqual(["> one"]);
    run.publish(done(assistantMessage("a3", "one!"))).end();
    await idle(chat);

    expect(shown(chat)).toEqual(["> one", "one!"]);
    expect(paramsOf("threads.retry_after_item")).toEqual([{ thread_id: "thr_1", item_id: "u1" }]);
  });

  it("repeats the request that failed, and keeps the response", async () => {
    server.items = [userMessage("u", "one"), assistantMessage("a", "1")];
    server.handlers["threads.custom_action"] = () => problem(503, "queue-full");
    const chat = await openThread();
    await expect(chat.action({ type: "task.done" })).rejects.toThrow();
    expect(chat.error.value?.allowRetry).toBe(true);
    server.handlers["threads.custom_action"] = () => ({
      run: run.publish(done(assistantMessage("b", "Noted"))).end(),
    });

    await chat.retry();
    await idle(chat);

    expect(shown(chat)).toEqual(["> one", "1", "Noted"]);
    expect(chat.error.value).toBeNull();
    const sent = server.requestsOf("threads.custom_action");
    expect(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(server.requestsOf("threads.retry_after_item")).toEqual([]);
  });

  it("loads a thread that could not be loaded", async () => {
    const usual = server.handlers;
    server.handlers = { "threads.get_by_id": () => problem(500, "internal-error") };
    const chat = openChat({ initialThread: "thr_1" });
    await until(chat.error, Boolean);
    server.handlers = usual;
    server.items = [userMessage("u", "one"), assistantMessage("a", "1")];
    await chat.retry();
    await untilShown(chat, ["> one", "1"]);
    expect(chat.error.value).toBeNull();
  });

  it("keeps a failure and its retry while the thread is refreshed", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const chat = await openThread();
    await chat.send({ text: "hi" });
    run.publish({ type: "error", code: "custom", message: "Out of paper", allow_retry: true });
    run.end("failed");
    await idle(chat);
    server.items = [userMessage("u", "hi")];
    await chat.fetchUpdates();
    expect(chat.error.value).toMatchObject({ message: "Out of paper", allowRetry: true });
  });

  it("reads a thread again that could not be refreshed", async () => {
    server.items = [userMessage("u", "one"), assistantMessage("a", "1")];
    const chat = await openThread();
    const usual = server.handlers;
    server.handlers = { "threads.get_by_id": () => problem(500, "internal-error") };
    await chat.fetchUpdates();
    expect(chat.error.value?.allowRetry).toBe(true);
    server.handlers = usual;
    await chat.retry();
    expect(chat.error.value).toBeNull();
    expect(server.requestsOf("threads.retry_after_item")).toEqual([]);
  });

  it("changes nothing if the server rejects it", async () => {
    server.items = [userMessage("u1", "one"), assistantMessage("a1", "1")];
    server.handlers["threads.retry_after_item"] = () => problem(429, "too-many-turns");
    const chat = await openThread();
    await expect(chat.retry()).rejects.toMatchObject({ code: "too-many-turns" });
    expect(shown(chat)).toEqual(["> one", "1"]);
    expect(chat.error.value?.code).toBe("too-many-turns");
  });
});
