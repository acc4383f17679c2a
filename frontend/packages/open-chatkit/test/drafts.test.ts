// @vitest-environment node
import { problem } from "resumable-fetch/testing";
import { describe, expect, it } from "vitest";
import { assistantMessage, done, fullThread, thread, userMessage } from "./fixtures/items";
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

eachWithServer(() => {
  server.handlers["threads.get_by_id"] = ({ thread_id }) => ({
    json: { ...fullThread(thread_id === "thr_1" ? server.items : []), id: thread_id },
  });
});

const textContent = (text: string) => [{ type: "input_text" as const, text }];

describe("a draft", () => {
  it("stays with its thread while others are shown", async () => {
    const chat = await openThread();
    chat.composer.set({ content: textContent("for one"), reply: "quoted" });

    await chat.openThread("thr_2");
    expect(chat.composer.draft.value).toMatchObject({ content: [], reply: null });
    chat.composer.set({ content: textContent("for two") });
    chat.newThread();
    expect(chat.composer.draft.value.content).toEqual([]);
    chat.composer.set({ content: textContent("for a new one") });

    await chat.openThread("thr_1");
    expect(chat.composer.draft.value).toMatchObject({
      content: textContent("for one"),
      reply: "quoted",
    });
    await chat.openThread("thr_2");
    expect(chat.composer.draft.value.content).toEqual(textContent("for two"));
    chat.newThread();
    expect(chat.composer.draft.value.content).toEqual(textContent("for a new one"));
  });

  it("that was started before the thread had an ID stays with the thread", async () => {
    server.handlers["threads.create"] = () => ({ run });
    const chat = openChat();
    await chat.send({ text: "hi" });
    chat.composer.set({ content: textContent("and then") });
    run.publish({ type: "thread.created", thread: thread() }, done(userMessage("u", "hi"))).end();
    await idle(chat);
    server.items = [userMessage("u", "hi")];

    chat.newThread();
    expect(chat.composer.draft.value.content).toEqual([]);
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.content).toEqual(textContent("and then"));
  });

  it("is dropped when it is sent or its thread is deleted", async () => {
    server.handlers["threads.add_user_message"] = () => ({ run: run.end() });
    const chat = await openThread();
    chat.composer.set({ content: textContent("sent") });
    await chat.send();
    await idle(chat);
    await chat.openThread("thr_2");
    chat.composer.set({ content: textContent("of a deleted thread") });
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.content).toEqual([]);

    await chat.remove("thr_2");
    await chat.openThread("thr_2");
    expect(chat.composer.draft.value.content).toEqual([]);
  });

  it("keeps its selected tool; the model is shared by all drafts", async () => {
    const tools = [
      { id: "once", label: "Once", icon: "bolt" as const },
      { id: "always", label: "Always", icon: "bolt" as const, persistent: true },
    ];
    const chat = await openThread({ composer: { tools } });
    chat.composer.set({ content: textContent("a"), toolId: "once", modelId: "large" });
    await chat.openThread("thr_2");
    expect(chat.composer.draft.value).toMatchObject({ toolId: null, modelId: "large" });
    chat.composer.set({ toolId: "always" });
    chat.newThread();
    expect(chat.composer.draft.value.toolId).toBe("always");
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.toolId).toBe("once");
  });

  it("gets files that finish uploading while another thread is shown", async () => {
    let release = () => {};
    const usual = server.onChat;
    server.onChat = async (body, request) => {
      if (body.type === "attachments.create") {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return usual(body, request);
    };
    const attachment = { id: "att_1", type: "file", name: "a.txt", mime_type: "text/plain" };
    server.handlers["attachments.create"] = () => ({ json: attachment });
    const chat = await openThread({ composer: { attachments: { enabled: true } } });
    await chat.composer.addFiles([new File(["x"], "a.txt", { type: "text/plain" })]);
    await eventually(() => expect(server.requestsOf("attachments.create")).toHaveLength(1));

    await chat.openThread("thr_2");
    expect(chat.composer.draft.value.files).toEqual([]);
    release();
    await eventually(async () => {
      await chat.openThread("thr_1");
      expect(chat.composer.draft.value.files).toMatchObject([{ status: "ready" }]);
      await chat.openThread("thr_2");
    });
    expect(paramsOf("attachments.delete")).toEqual([]);
  });
});

describe("an undelivered message", () => {
  it("stays in its thread and is resent with the same key", async () => {
    server.handlers["threads.add_user_message"] = () => problem(503, "queue-full");
    const chat = await openThread();
    expect(await chat.send({ text: "hi" })).toBe("failed");

    await chat.openThread("thr_2");
    expect(chat.pending.value).toBeNull();
    expect(chat.error.value).toBeNull();
    await chat.openThread("thr_1");
    expect(chat.pending.value).toMatchObject({ content: textContent("hi"), status: "failed" });
    expect(chat.error.value).toMatchObject({ code: "queue-full", allowRetry: true });
    server.handlers["threads.add_user_message"] = () => ({
      run: run.publish(done(userMessage("u", "hi"))).end(),
    });
    await chat.retry();
    await idle(chat);

    expect(shown(chat)).toEqual(["> hi"]);
    const keys = server
      .requestsOf("threads.add_user_message")
      .map((request) => request.headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(1);
  });

  it("stays in the new thread view if it would have created a thread", async () => {
    server.handlers["threads.create"] = () => problem(503, "queue-full");
    const chat = openChat();
    await chat.send({ text: "hi" });
    await chat.openThread("thr_1");
    expect(chat.pending.value).toBeNull();
    chat.newThread();
    expect(chat.pending.value).toMatchObject({ content: textContent("hi"), status: "failed" });
  });

  it("returns to the composer when its error is dismissed", async () => {
    server.handlers["threads.add_user_message"] = () => problem(503, "queue-full");
    const chat = await openThread();
    chat.composer.set({ content: textContent("hi") });
    await chat.send();
    expect(chat.composer.draft.value.content).toEqual([]);

    chat.dismissError();

    expect(chat.pending.value).toBeNull();
    expect(chat.composer.draft.value.content).toEqual(textContent("hi"));
    await chat.openThread("thr_2");
    await chat.openThread("thr_1");
    expect(chat.pending.value).toBeNull();
  });

  it("is restored before text that was entered since", async () => {
    const { chat, release } = await leaveBeforeResponse("threads.add_user_message", () =>
      problem(422, "invalid-input"),
    );
    await chat.openThread("thr_1");
    chat.composer.set({ content: textContent("more") });
    release();
    await until(chat.composer.draft, (draft) => draft.content.length > 1);

    expect(chat.composer.draft.value.content).toEqual([
      ...textContent("hi"),
      ...textContent("\n"),
      ...textContent("more"),
    ]);
  });

  it("returns to the composer when another message is sent", async () => {
    server.handlers["threads.add_user_message"] = () => problem(503, "queue-full");
    const chat = await openThread();
    chat.composer.set({ content: textContent("first") });
    await chat.send();
    run.publish(done(userMessage("u", "second")), done(assistantMessage("a", "Hello"))).end();
    server.handlers["threads.add_user_message"] = () => ({ run });
    chat.composer.set({ content: textContent("second") });

    expect(await chat.send()).toBe("sent");
    await idle(chat);

    await until(chat.pending, (pending) => pending === null);
    expect(chat.composer.draft.value.content).toEqual(textContent("first"));
    await chat.openThread("thr_2");
    await chat.openThread("thr_1");
    expect(chat.pending.value).toBeNull();
  });

  it("returns to its own thread's draft when it is rejected while another thread is shown", async () => {
    const { chat, release } = await leaveBeforeResponse("threads.add_user_message", () =>
      problem(422, "invalid-input"),
    );
    chat.composer.set({ content: textContent("of two") });
    release();
    await eventually(() => expect(chat.emitted.map((e) => e.type)).toContain("chatkit.error"));
    expect(chat.composer.draft.value.content).toEqual(textContent("of two"));
    expect(chat.error.value).toBeNull();
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.content).toEqual(textContent("hi"));
  });

  it("is never visible to another user", async () => {
    server.handlers["threads.create"] = () => problem(503, "queue-full");
    const chat = openChat();
    await chat.send({ text: "mine" });
    chat.composer.set({ content: textContent("draft") });
    const url = `${server.origin}/api/usr_2/chat`;
    chat.setOptions({ api: { url, getClientSecret: async () => "theirs" } });
    expect(chat.pending.value).toBeNull();
    expect(chat.composer.draft.value.content).toEqual([]);
    chat.newThread();
    expect(chat.pending.value).toBeNull();
  });
});

describe("a message in transit when another thread is opened", () => {
  it("is delivered, and its response is visible on return", async () => {
    const { chat, release } = await leaveBeforeResponse("threads.add_user_message", () => ({
      run,
    }));
    await chat.openThread("thr_1");
    release();
    run.publish(done(userMessage("u", "hi")));
    await untilShown(chat, ["> hi"]);
    expect(chat.activeRun.value).toMatchObject({ runId: "run_1" });
    expect(run.cancels).toBe(0);
  });

  it("can be resent on return if it failed", async () => {
    const { chat, release } = await leaveBeforeResponse("threads.add_user_message", () =>
      problem(503, "queue-full"),
    );
    await chat.openThread("thr_1");
    release();
    await until(chat.pending, (pending) => pending?.status === "failed");
    expect(chat.error.value).toMatchObject({ code: "queue-full" });
  });

  it("is not restored when another message is sent before it is delivered", async () => {
    const { chat, release } = await leaveBeforeResponse("threads.add_user_message", () => ({
      run,
    }));
    await chat.openThread("thr_1");
    chat.composer.set({ content: textContent("second") });
    void chat.send();
    expect(chat.composer.draft.value.content).toEqual([]);
    release();
  });

  it("is not restored for another user when it is rejected", async () => {
    const { chat, release } = await leaveBeforeResponse("threads.create", () =>
      problem(422, "invalid-input"),
    );
    const url = `${server.origin}/api/usr_2/chat`;
    chat.setOptions({ api: { url, getClientSecret: async () => "theirs" } });
    release();
    await eventually(() => expect(chat.emitted.map((e) => e.type)).toContain("chatkit.error"));
    expect(chat.composer.draft.value.content).toEqual([]);
  });
});

/** Sends "hi" and opens another thread before the server responds; `release` sends the response. */
async function leaveBeforeResponse(type: string, handler: () => ReturnType<typeof problem>) {
  let release = () => {};
  const usual = server.onChat;
  server.handlers[type] = handler;
  server.onChat = async (body, request) => {
    if (body.type === type) {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    }
    return usual(body, request);
  };
  const chat = type === "threads.create" ? openChat() : await openThread();
  chat.composer.set({ content: textContent("hi") });
  void chat.send();
  await eventually(() => expect(server.requestsOf(type)).toHaveLength(1));
  await chat.openThread("thr_2");
  return { chat, release: () => release() };
}
