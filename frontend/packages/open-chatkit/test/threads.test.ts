// @vitest-environment node
import { problem } from "resumable-fetch/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  added,
  assistantMessage,
  delta,
  done,
  fullThread,
  page,
  thread,
  toolCall,
  userMessage,
} from "./fixtures/items";
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
  until,
  untilShown,
} from "./stories";

eachWithServer();

describe("a thread longer than a page", () => {
  const texts = Array.from({ length: 120 }, (_, number) => `message ${number}`);
  const all = texts.map((text, number) => userMessage(`u${number}`, text));

  beforeEach(() => {
    server.handlers["threads.get_by_id"] = () => ({
      json: { ...fullThread([]), items: page(all.slice(0, 20), "u19") },
    });
    server.handlers["items.list"] = ({ limit, after, order }) => {
      expect(order).toBe("desc");
      const newest = [...all].reverse();
      const start = after === undefined ? 0 : newest.findIndex((item) => item.id === after) + 1;
      const data = newest.slice(start, start + Number(limit));
      const isLast = start + data.length === newest.length;
      return { json: page(data, isLast ? null : (data.at(-1)?.id ?? null)) };
    };
  });

  it("opens at its end and loads older messages on demand", async () => {
    const chat = await openThread();
    expect(shown(chat)).toEqual(texts.slice(70).map((text) => `> ${text}`));
    expect(chat.hasMore.value).toBe(true);
    await Promise.all([chat.loadMore(), chat.loadMore()]); // the second call sends no request
    expect(chat.items.value).toHaveLength(100);
    await chat.loadMore();
    expect(shown(chat)).toEqual(texts.map((text) => `> ${text}`));
    expect(chat.hasMore.value).toBe(false);
    expect(paramsOf("items.list")).toHaveLength(3);
  });

  it("keeps loaded pages and the identity of unchanged items on a reload", async () => {
    const chat = await openThread();
    await chat.loadMore();
    const before = chat.items.value;
    await chat.fetchUpdates();
    expect(chat.items.value).toHaveLength(100);
    expect(chat.items.value.every((item, index) => item === before[index])).toBe(true);
  });
});

describe("opening a thread", () => {
  it("emits events and shows nothing of the previous thread", async () => {
    server.items = [userMessage("u", "one")];
    const chat = await openThread();
    server.handlers["threads.get_by_id"] = ({ thread_id }) => ({
      json: { ...fullThread([userMessage("v", "two")]), id: thread_id },
    });
    const opening = chat.openThread("thr_2");
    expect(chat.threadId.value).toBe("thr_2");
    expect(shown(chat)).toEqual([]);
    await opening;
    expect(shown(chat)).toEqual(["> two"]);
    expect(chat.emitted.slice(-3)).toEqual([
      { type: "chatkit.thread.change", detail: { threadId: "thr_2" } },
      { type: "chatkit.thread.load.start", detail: { threadId: "thr_2" } },
      { type: "chatkit.thread.load.end", detail: { threadId: "thr_2" } },
    ]);
  });

  it("shows the last opened thread, in whatever order the responses arrive", async () => {
    const releases: (() => void)[] = [];
    const usual = server.onChat;
    server.onChat = async (body, request) => {
      await new Promise<void>((resolve) => releases.push(resolve));
      return usual(body, request);
    };
    server.handlers["threads.get_by_id"] = ({ thread_id }) => ({
      json: { ...fullThread([userMessage("u", String(thread_id))]), id: thread_id },
    });
    const chat = openChat();
    void chat.openThread("thr_1");
    await eventually(() => expect(releases).toHaveLength(1));
    void chat.openThread("thr_2");
    await eventually(() => expect(releases).toHaveLength(2));
    releases[1]?.();
    await untilShown(chat, ["> thr_2"]);
    releases[0]?.();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(shown(chat)).toEqual(["> thr_2"]);
  });

  it("sets an error if the thread doesn't exist", async () => {
    server.handlers["threads.get_by_id"] = () => problem(404, "not-found");
    const chat = openChat({ initialThread: "thr_9" });
    await until(chat.error, Boolean);
    expect(chat.error.value).toMatchObject({ kind: "refused", code: "not-found" });
    expect(chat.isLoading.value).toBe(false);
  });

  it("works with a server without runs", async () => {
    server.hasRuns = false;
    server.items = [userMessage("u", "hi")];
    const chat = await openThread();
    await chat.fetchUpdates();
    expect(shown(chat)).toEqual(["> hi"]);
    expect(server.requestsOf("/runs")).toHaveLength(1);
  });

  it("sends a foreign server only requests of the protocol, with the URL's query", async () => {
    server.hasRuns = false;
    server.items = [userMessage("u", "hi")];
    server.handlers["threads.add_user_message"] = () => ({
      events: [done(userMessage("u2", "more")), done(assistantMessage("a", "Yes"))],
    });
    const url = `${server.url}?tenant=a&x=1`;
    const calls: [unknown, RequestInit | undefined][] = [];
    const send: typeof fetch = (input, init) => {
      calls.push([input, init]);
      return fetch(input, init);
    };
    const chat = await openThread({ locale: "en", api: { url, domainKey: "k", fetch: send } });
    await chat.send({ text: "more" });
    await idle(chat);
    await chat.fetchUpdates();

    expect(new Set(calls.map(([input]) => input))).toEqual(new Set([url]));
    for (const [, init] of calls) {
      expect(Object.keys(init ?? {}).filter((name) => name !== "signal")).toEqual([
        "method",
        "headers",
        "body",
      ]);
      // As in the official examples of `api.fetch`, which spread the headers.
      expect(Object.keys({ ...init?.headers }).sort()).toEqual(["Accept-Language", "Content-Type"]);
    }
  });

  it("finds the active run of a server that turns out to have runs, and keeps the query", async () => {
    server.items = [userMessage("u", "hi")];
    run.publish(done(userMessage("u", "hi")), added(assistantMessage("a")), delta("a", "half"));
    const url = `${server.url}?tenant=a`;
    const chat = openChat({ initialThread: "thr_1", api: { url, domainKey: "k" } });
    await untilShown(chat, ["> hi", "half"]);
    await chat.stop();
    await idle(chat);
    const runs = server.requests.filter(({ path }) => path.includes("/runs"));
    expect(runs.map(({ path }) => path.replace(/^.*\/chat/, ""))).toEqual([
      "/runs?tenant=a&thread_id=thr_1&status=active",
      "/runs/run_1/events?tenant=a",
      "/runs/run_1/cancel?tenant=a",
    ]);
  });
});

describe("the history", () => {
  it("lists, pages, renames and deletes", async () => {
    server.handlers["threads.list"] = ({ after }) => ({
      json: after === "c" ? page([thread("thr_3")]) : page([thread("thr_1"), thread("thr_2")], "c"),
    });
    const chat = await openThread();
    await chat.history.load();
    await chat.history.loadMore();
    const ids = () => chat.history.threads.value?.map((one) => one.id);
    expect(ids()).toEqual(["thr_1", "thr_2", "thr_3"]);
    expect(chat.history.hasMore.value).toBe(false);

    await chat.rename("thr_1", "Shopping");
    expect(chat.history.threads.value?.[0]?.title).toBe("Shopping");
    expect(chat.thread.value?.title).toBe("Shopping");
    expect(paramsOf("threads.update")).toEqual([{ thread_id: "thr_1", title: "Shopping" }]);

    await chat.remove("thr_1");
    expect(ids()).toEqual(["thr_2", "thr_3"]);
    expect(chat.threadId.value).toBeNull();
  });

  it("reverts changes that the server rejects", async () => {
    const listed = [thread("thr_1", { title: "One" }), thread("thr_2")];
    server.handlers["threads.list"] = () => ({ json: page(listed) });
    server.handlers["threads.update"] = () => problem(503, "unavailable");
    server.handlers["threads.delete"] = () => problem(409, "conflict");
    const chat = openChat();
    await chat.history.load();
    await expect(chat.rename("thr_1", "Two")).rejects.toMatchObject({ status: 503 });
    await expect(chat.remove("thr_1")).rejects.toMatchObject({ status: 409 });
    expect(chat.history.threads.value).toMatchObject([
      { id: "thr_1", title: "One" },
      { id: "thr_2" },
    ]);
  });

  it("shows a new thread and its title immediately", async () => {
    server.handlers["threads.create"] = () => ({ run });
    const chat = openChat();
    await chat.history.load();
    await chat.send({ text: "hi" });
    run.publish(
      { type: "thread.created", thread: thread() },
      { type: "thread.updated", thread: thread("thr_1", { title: "Greeting" }) },
    );
    await until(chat.history.threads, (list) => list?.[0]?.title === "Greeting");
    expect(chat.history.threads.value).toHaveLength(1);
  });
});

describe("client tools", () => {
  it("are called with the assistant's arguments, and their result is sent", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run });
    const second = server.newRun("run_2");
    server.handlers["threads.add_client_tool_output"] = () => ({ run: second });
    let finish = (_: Record<string, unknown>) => {};
    const onClientTool = vi.fn(
      () =>
        new Promise<Record<string, unknown>>((resolve) => {
          finish = resolve;
        }),
    );
    const chat = await openThread({ onClientTool });
    await chat.send({ text: "where am I?" });
    run.publish(done(userMessage("u", "where am I?")), done(toolCall("c"))).end();
    await until(chat.runningTools, (running) => running.length > 0);
    expect(onClientTool).toHaveBeenCalledWith({ name: "where_am_i", params: { exact: true } });
    expect(chat.isResponding.value).toBe(true);
    finish({ place: "here" });
    await until(chat.activeRun, (active) => active?.runId === "run_2");
    expect(chat.item("c").value).toMatchObject({ status: "completed", output: { place: "here" } });
    second.publish(done(assistantMessage("a", "Here."))).end();
    await idle(chat);

    expect(shown(chat)).toEqual(["> where am I?", "client_tool_call", "Here."]);
    expect(chat.runningTools.value).toEqual([]);
    expect(paramsOf("threads.add_client_tool_output")).toEqual([
      { thread_id: "thr_1", result: { place: "here" } },
    ]);
  });

  it("may return nothing, which the server gets as null", async () => {
    server.items = [toolCall("c")];
    server.handlers["threads.add_client_tool_output"] = () => ({ run: run.end() });
    const nothing = () => undefined as unknown as Record<string, unknown>;
    await openThread({ onClientTool: nothing });
    await eventually(() =>
      expect(paramsOf("threads.add_client_tool_output")).toEqual([
        { thread_id: "thr_1", result: null },
      ]),
    );
  });

  it("send an error result when they fail", async () => {
    server.items = [userMessage("u", "where?"), toolCall("c")];
    server.handlers["threads.add_client_tool_output"] = () => ({ run });
    const chat = await openThread({
      onClientTool: () => {
        throw new Error("No GPS");
      },
    });
    await until(chat.activeRun, (active) => active?.runId === "run_1");
    expect(paramsOf("threads.add_client_tool_output")).toEqual([
      { thread_id: "thr_1", result: { error: "No GPS" } },
    ]);
    run.end();
    await idle(chat);
    expect(chat.emitted.some((event) => event.type === "chatkit.error")).toBe(true);
  });

  it("without a handler wait for the page to submit a result", async () => {
    server.items = [toolCall("c")];
    server.handlers["threads.add_client_tool_output"] = () => ({ run });
    const chat = await openThread();
    expect(chat.logged("tool.unhandled")).toEqual([{ name: "where_am_i" }]);
    run.publish(done(assistantMessage("a", "Thanks."))).end();
    await chat.submitClientToolResult("c", { place: "there" });
    await idle(chat);
    expect(shown(chat)).toEqual(["client_tool_call", "Thanks."]);
  });
});

describe("widgets and questions", () => {
  const widget = (label: string) => ({
    ...{ id: "w", thread_id: "thr_1", created_at: "", type: "widget" },
    widget: { type: "Card", children: [{ type: "Text", value: label }] },
  });

  it("run an action at the server, with a stream", async () => {
    server.items = [widget("open")];
    server.handlers["threads.custom_action"] = () => ({
      run: run.publish({ type: "thread.item.replaced", item: widget("done") }).end(),
    });
    const chat = await openThread();
    await chat.widgetAction({ type: "task.done", payload: { id: 1 } }, "w");
    await idle(chat);
    expect(chat.items.value).toMatchObject([widget("done")]);
    expect(paramsOf("threads.custom_action")).toEqual([
      { thread_id: "thr_1", item_id: "w", action: { type: "task.done", payload: { id: 1 } } },
    ]);
  });

  it("run a non-streaming action while a response streams", async () => {
    server.items = [widget("open")];
    server.handlers["threads.add_user_message"] = () => ({ run });
    server.handlers["threads.sync_custom_action"] = () => ({
      json: { updated_item: widget("done") },
    });
    const chat = await openThread();
    await chat.send({ text: "go on" });
    await expect(chat.widgetAction({ type: "x" }, "w")).rejects.toThrow("Wait");
    await chat.widgetAction({ type: "task.done", streaming: false }, "w");
    expect(chat.items.value).toMatchObject([widget("done")]);
    expect(chat.isResponding.value).toBe(true);
  });

  it("run an action in the page", async () => {
    server.items = [widget("open")];
    const onAction = vi.fn(async () => {});
    const chat = await openThread({ widgets: { onAction } });
    await chat.widgetAction({ type: "open", handler: "client", payload: { id: 1 } }, "w");
    expect(onAction).toHaveBeenCalledWith(
      { type: "open", payload: { id: 1 } },
      { id: "w", widget: widget("open").widget },
    );
  });

  it("send the answers to questions", async () => {
    const question = (status: string) => ({
      ...{ id: "q", thread_id: "thr_1", created_at: "", type: "structured_input", status },
      inputs: [{ type: "freeform", id: "name", question: "Your name?" }],
    });
    server.items = [question("pending")];
    server.handlers["threads.add_structured_input"] = () => ({
      run: run.publish({ type: "thread.item.replaced", item: question("answered") }).end(),
    });
    const chat = await openThread();
    const input = {
      status: "answered" as const,
      answers: { name: { values: ["Ada"], skipped: false } },
    };
    await chat.submitStructuredInput("q", input);
    await idle(chat);
    expect(chat.items.value).toMatchObject([{ status: "answered" }]);
    expect(paramsOf("threads.add_structured_input")).toEqual([
      { thread_id: "thr_1", item_id: "q", input },
    ]);
  });

  it("are ignored without a thread", async () => {
    const chat = openChat();
    await chat.action({ type: "hello" });
    expect(chat.logged("action.ignored")).toEqual([{ what: "hello" }]);
    expect(server.requests).toEqual([]);
  });
});

describe("feedback", () => {
  it("is shown immediately and reverted if it is rejected", async () => {
    const chat = await openThread();
    await chat.feedback(["a", "b"], "positive");
    expect(paramsOf("items.feedback")).toEqual([
      { thread_id: "thr_1", item_ids: ["a", "b"], kind: "positive" },
    ]);
    server.handlers["items.feedback"] = () => problem(503, "unavailable");
    const given = chat.feedback(["a"], "negative");
    expect(chat.feedbackGiven.value.get("a")).toBe("negative");
    await expect(given).rejects.toMatchObject({ status: 503 });
    expect(chat.feedbackGiven.value.get("a")).toBe("positive");
  });
});

describe("another user", () => {
  it("sees nothing of the previous user", async () => {
    server.items = [userMessage("u", "secret")];
    const chat = await openThread();
    chat.composer.set({ content: [{ type: "input_text", text: "draft" }] });
    await chat.history.load();
    const url = `${server.origin}/api/usr_2/chat`;
    chat.setOptions({ api: { url, getClientSecret: async () => "theirs" } });
    expect(shown(chat)).toEqual([]);
    expect(chat.threadId.value).toBeNull();
    expect(chat.history.threads.value).toBeNull();
    expect(chat.composer.draft.value.content).toEqual([]);
    await chat.history.load();
    const last = server.requests.at(-1);
    expect(last?.path).toBe("/api/usr_2/chat");
    expect(last?.headers.authorization).toBe("Bearer theirs");
  });
});

describe("files", () => {
  const file = (name = "a.txt") => new File(["hello"], name, { type: "text/plain" });
  const composer = { attachments: { enabled: true, maxCount: 2 } };
  const attachment = { id: "att_1", type: "file", name: "a.txt", mime_type: "text/plain" };

  it("are created, uploaded, and referred to in the message", async () => {
    server.handlers["attachments.create"] = () => ({
      json: {
        ...attachment,
        upload_descriptor: { url: `${server.url}/attachments/att_1/content`, method: "POST" },
      },
    });
    server.handlers["threads.create"] = () => ({ run });
    const chat = openChat({ composer });
    expect(await chat.composer.addFiles([file()])).toEqual([]);
    expect(chat.composer.canSend.value).toBe(false);
    await until(chat.composer.draft, (draft) => draft.files[0]?.status === "ready");
    expect(await chat.send()).toBe("sent");

    expect(paramsOf("attachments.create")).toEqual([
      { name: "a.txt", size: 5, mime_type: "text/plain" },
    ]);
    const [upload] = server.requestsOf("/content");
    expect(upload?.headers["content-type"]).toMatch(/^multipart\/form-data/);
    expect(upload?.headers.authorization).toBe("Bearer secret");
    expect(upload?.headers["idempotency-key"]).toBeUndefined();
    expect(upload?.body).toContain('name="file"; filename="a.txt"');
    expect(paramsOf("threads.create")).toMatchObject([
      { input: { content: [], attachments: ["att_1"] } },
    ]);
  });

  it("are uploaded directly if the page configures it, and deleted when removed", async () => {
    server.onRequest = (request) =>
      request.path.endsWith("/upload") ? { json: attachment } : null;
    const chat = openChat({
      composer,
      api: {
        url: server.url,
        getClientSecret: async () => "secret",
        uploadStrategy: { type: "direct", uploadUrl: `${server.origin}/upload` },
      },
    });
    await chat.composer.addFiles([file()]);
    const { files } = await until(chat.composer.draft, (d) => d.files[0]?.status === "ready");
    await chat.composer.removeFile(files[0]?.key ?? "");
    expect(chat.composer.draft.value.files).toEqual([]);
    expect(paramsOf("attachments.delete")).toEqual([{ attachment_id: "att_1" }]);
  });

  it("are uploaded as raw bytes if the server requests it", async () => {
    const url = `${server.origin}/storage/att_1`;
    server.handlers["attachments.create"] = () => ({
      json: {
        ...attachment,
        upload_descriptor: { url, method: "PUT", headers: { "X-Signature": "abc" } },
      },
    });
    const chat = openChat({ composer });
    await chat.composer.addFiles([file()]);
    await until(chat.composer.draft, (draft) => draft.files[0]?.status === "ready");

    expect(server.requestsOf("/storage/att_1")).toMatchObject([
      {
        ...{ method: "PUT", body: "hello" },
        headers: { "content-type": "text/plain", "x-signature": "abc" },
      },
    ]);
  });

  it("beyond the limits are rejected with a reason", async () => {
    const chat = openChat({ composer });
    const refused = await chat.composer.addFiles([file("1"), file("2"), file("3")]);
    expect(refused).toMatchObject([{ file: { name: "3" }, reason: "too-many", limit: 2 }]);
    expect(chat.composer.draft.value.files).toHaveLength(2);
  });

  it("can be retried if the upload fails", async () => {
    server.handlers["attachments.create"] = () => problem(503, "unavailable");
    const chat = openChat({ composer });
    await chat.composer.addFiles([file()]);
    const { files } = await until(chat.composer.draft, (d) => d.files[0]?.status === "failed");
    server.handlers["attachments.create"] = () => ({ json: attachment });
    await chat.composer.retryFile(files[0]?.key ?? "");
    expect(chat.composer.draft.value.files).toMatchObject([{ status: "ready" }]);
  });

  it("show the server's reason, and none that only a developer understands", async () => {
    const reason = { detail: "Convert it to JPEG." };
    server.handlers["attachments.create"] = () => problem(422, "unsupported-file", reason);
    const chat = openChat({ composer });
    await chat.composer.addFiles([file()]);
    await until(chat.composer.draft, (d) => d.files[0]?.error === "Convert it to JPEG.");
    server.handlers["attachments.create"] = () => "cut-off";
    await chat.composer.retryFile(chat.composer.draft.value.files[0]?.key ?? "");
    expect(chat.composer.draft.value.files).toMatchObject([{ status: "failed", error: null }]);
  });

  it("of audio are transcribed", async () => {
    server.handlers["input.transcribe"] = () => ({ json: { text: "add milk" } });
    const chat = openChat();
    const sound = new Blob(["abc"], { type: "audio/webm" });
    expect(await chat.composer.transcribe(sound)).toBe("add milk");
    expect(paramsOf("input.transcribe")).toEqual([
      { audio_base64: "YWJj", mime_type: "audio/webm" },
    ]);
  });
});

it("an unfinished item is closed when its run ends", async () => {
  server.handlers["threads.add_user_message"] = () => ({ run });
  const chat = await openThread();
  await chat.send({ text: "hi" });
  run.publish(added(assistantMessage("a"))).end("failed");
  await idle(chat);
  expect(chat.openItemIds.value.size).toBe(0);
});
