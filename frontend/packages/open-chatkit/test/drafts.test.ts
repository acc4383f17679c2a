// @vitest-environment node
import { problem } from "resumable-fetch/testing";
import { describe, expect, it } from "vitest";
import { done, fullThread, thread, userMessage } from "./fixtures/items";
import {
  askedFor,
  eachWithServer,
  eventually,
  idle,
  openChat,
  openThread,
  run,
  server,
  shown,
  until,
  untilShown,
} from "./stories";

eachWithServer(() => {
  server.answers["threads.get_by_id"] = ({ thread_id }) => ({
    json: { ...fullThread(thread_id === "thr_1" ? server.items : []), id: thread_id },
  });
});

const words = (text: string) => [{ type: "input_text" as const, text }];

describe("a draft", () => {
  it("stays with its thread while others are looked at", async () => {
    const chat = await openThread();
    chat.composer.set({ content: words("for one"), reply: "quoted" });

    await chat.openThread("thr_2");
    expect(chat.composer.draft.value).toMatchObject({ content: [], reply: null });
    chat.composer.set({ content: words("for two") });
    chat.newThread();
    expect(chat.composer.draft.value.content).toEqual([]);
    chat.composer.set({ content: words("for a new one") });

    await chat.openThread("thr_1");
    expect(chat.composer.draft.value).toMatchObject({ content: words("for one"), reply: "quoted" });
    await chat.openThread("thr_2");
    expect(chat.composer.draft.value.content).toEqual(words("for two"));
    chat.newThread();
    expect(chat.composer.draft.value.content).toEqual(words("for a new one"));
  });

  it("that was begun before the thread had its id goes with the thread", async () => {
    server.answers["threads.create"] = () => ({ run });
    const chat = openChat();
    await chat.send({ text: "hi" });
    chat.composer.set({ content: words("and then") });
    run.publish({ type: "thread.created", thread: thread() }, done(userMessage("u", "hi"))).end();
    await idle(chat);
    server.items = [userMessage("u", "hi")];

    chat.newThread();
    expect(chat.composer.draft.value.content).toEqual([]);
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.content).toEqual(words("and then"));
  });

  it("that was sent or whose thread was deleted isn't there any more", async () => {
    server.answers["threads.add_user_message"] = () => ({ run: run.end() });
    const chat = await openThread();
    chat.composer.set({ content: words("sent") });
    await chat.send();
    await idle(chat);
    await chat.openThread("thr_2");
    chat.composer.set({ content: words("of a deleted thread") });
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.content).toEqual([]);

    await chat.remove("thr_2");
    await chat.openThread("thr_2");
    expect(chat.composer.draft.value.content).toEqual([]);
  });

  it("keeps the tool that was chosen for it; the model is everywhere the same", async () => {
    const tools = [
      { id: "once", label: "Once", icon: "bolt" as const },
      { id: "always", label: "Always", icon: "bolt" as const, persistent: true },
    ];
    const chat = await openThread({ composer: { tools } });
    chat.composer.set({ content: words("a"), toolId: "once", modelId: "large" });
    await chat.openThread("thr_2");
    expect(chat.composer.draft.value).toMatchObject({ toolId: null, modelId: "large" });
    chat.composer.set({ toolId: "always" });
    chat.newThread();
    expect(chat.composer.draft.value.toolId).toBe("always");
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.toolId).toBe("once");
  });

  it("gets its files also when they are uploaded while another thread is shown", async () => {
    let answer = () => {};
    const usual = server.onChat;
    server.onChat = async (body, request) => {
      if (body.type === "attachments.create") {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
      return usual(body, request);
    };
    const attachment = { id: "att_1", type: "file", name: "a.txt", mime_type: "text/plain" };
    server.answers["attachments.create"] = () => ({ json: attachment });
    const chat = await openThread({ composer: { attachments: { enabled: true } } });
    await chat.composer.addFiles([new File(["x"], "a.txt", { type: "text/plain" })]);
    await eventually(() => expect(server.requestsOf("attachments.create")).toHaveLength(1));

    await chat.openThread("thr_2");
    expect(chat.composer.draft.value.files).toEqual([]);
    answer();
    await eventually(async () => {
      await chat.openThread("thr_1");
      expect(chat.composer.draft.value.files).toMatchObject([{ status: "ready" }]);
      await chat.openThread("thr_2");
    });
    expect(askedFor("attachments.delete")).toEqual([]);
  });
});

describe("a message that didn't arrive", () => {
  it("waits in its thread, and is sent again under the same key", async () => {
    server.answers["threads.add_user_message"] = () => problem(503, "queue-full");
    const chat = await openThread();
    expect(await chat.send({ text: "hi" })).toBe("failed");

    await chat.openThread("thr_2");
    expect(chat.pending.value).toBeNull();
    expect(chat.error.value).toBeNull();
    await chat.openThread("thr_1");
    expect(chat.pending.value).toMatchObject({ content: words("hi"), status: "failed" });
    expect(chat.error.value).toMatchObject({ code: "queue-full", allowRetry: true });
    server.answers["threads.add_user_message"] = () => ({
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

  it("waits in the new thread view when it would have begun a thread", async () => {
    server.answers["threads.create"] = () => problem(503, "queue-full");
    const chat = openChat();
    await chat.send({ text: "hi" });
    await chat.openThread("thr_1");
    expect(chat.pending.value).toBeNull();
    chat.newThread();
    expect(chat.pending.value).toMatchObject({ content: words("hi"), status: "failed" });
  });

  it("goes back into the composer when it is given up", async () => {
    server.answers["threads.add_user_message"] = () => problem(503, "queue-full");
    const chat = await openThread();
    chat.composer.set({ content: words("hi") });
    await chat.send();
    expect(chat.composer.draft.value.content).toEqual([]);

    chat.dismissError();

    expect(chat.pending.value).toBeNull();
    expect(chat.composer.draft.value.content).toEqual(words("hi"));
    await chat.openThread("thr_2");
    await chat.openThread("thr_1");
    expect(chat.pending.value).toBeNull();
  });

  it("goes back before what was written meanwhile", async () => {
    const { chat, answer } = await leavingInMid("threads.add_user_message", () =>
      problem(422, "invalid-input"),
    );
    await chat.openThread("thr_1");
    chat.composer.set({ content: words("more") });
    answer();
    await until(chat.composer.draft, (draft) => draft.content.length > 1);

    expect(chat.composer.draft.value.content).toEqual([
      ...words("hi"),
      ...words("\n"),
      ...words("more"),
    ]);
  });

  it("goes back into the composer when another one is sent instead", async () => {
    server.answers["threads.add_user_message"] = () => problem(503, "queue-full");
    const chat = await openThread();
    chat.composer.set({ content: words("first") });
    await chat.send();
    server.answers["threads.add_user_message"] = () => ({ run: run.end() });
    chat.composer.set({ content: words("second") });

    expect(await chat.send()).toBe("sent");
    await idle(chat);

    await until(chat.pending, (pending) => pending === null);
    expect(chat.composer.draft.value.content).toEqual(words("first"));
    await chat.openThread("thr_2");
    await chat.openThread("thr_1");
    expect(chat.pending.value).toBeNull();
  });

  it("is refused for good while another thread is shown: its words are in its own", async () => {
    const { chat, answer } = await leavingInMid("threads.add_user_message", () =>
      problem(422, "invalid-input"),
    );
    chat.composer.set({ content: words("of two") });
    answer();
    await eventually(() => expect(chat.told.map((e) => e.type)).toContain("chatkit.error"));
    expect(chat.composer.draft.value.content).toEqual(words("of two"));
    expect(chat.error.value).toBeNull();
    await chat.openThread("thr_1");
    expect(chat.composer.draft.value.content).toEqual(words("hi"));
  });

  it("another person never sees", async () => {
    server.answers["threads.create"] = () => problem(503, "queue-full");
    const chat = openChat();
    await chat.send({ text: "mine" });
    chat.composer.set({ content: words("draft") });
    const url = `${server.origin}/api/usr_2/chat`;
    chat.setOptions({ api: { url, getClientSecret: async () => "theirs" } });
    expect(chat.pending.value).toBeNull();
    expect(chat.composer.draft.value.content).toEqual([]);
    chat.newThread();
    expect(chat.pending.value).toBeNull();
  });
});

describe("a message on its way when another thread is opened", () => {
  it("arrives, and its answer is there when one comes back", async () => {
    const { chat, answer } = await leavingInMid("threads.add_user_message", () => ({ run }));
    await chat.openThread("thr_1");
    answer();
    run.publish(done(userMessage("u", "hi")));
    await untilShown(chat, ["> hi"]);
    expect(chat.activeRun.value).toMatchObject({ runId: "run_1" });
    expect(run.cancels).toBe(0);
  });

  it("that fails can be sent again when one comes back", async () => {
    const { chat, answer } = await leavingInMid("threads.add_user_message", () =>
      problem(503, "queue-full"),
    );
    await chat.openThread("thr_1");
    answer();
    await until(chat.pending, (pending) => pending?.status === "failed");
    expect(chat.error.value).toMatchObject({ code: "queue-full" });
  });

  it("isn't in the composer too when another one is sent before it has arrived", async () => {
    const { chat, answer } = await leavingInMid("threads.add_user_message", () => ({ run }));
    await chat.openThread("thr_1");
    chat.composer.set({ content: words("second") });
    void chat.send();
    expect(chat.composer.draft.value.content).toEqual([]);
    answer();
  });

  it("that is refused when another person is there by now stays away from theirs", async () => {
    const { chat, answer } = await leavingInMid("threads.create", () =>
      problem(422, "invalid-input"),
    );
    const url = `${server.origin}/api/usr_2/chat`;
    chat.setOptions({ api: { url, getClientSecret: async () => "theirs" } });
    answer();
    await eventually(() => expect(chat.told.map((e) => e.type)).toContain("chatkit.error"));
    expect(chat.composer.draft.value.content).toEqual([]);
  });
});

/** A chat that has sent "hi" in its thread and left it, while the server hasn't answered. */
async function leavingInMid(type: string, with_: () => ReturnType<typeof problem>) {
  let answer = () => {};
  const usual = server.onChat;
  server.answers[type] = with_;
  server.onChat = async (body, request) => {
    if (body.type === type) {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
    }
    return usual(body, request);
  };
  const chat = type === "threads.create" ? openChat() : await openThread();
  chat.composer.set({ content: words("hi") });
  void chat.send();
  await eventually(() => expect(server.requestsOf(type)).toHaveLength(1));
  await chat.openThread("thr_2");
  return { chat, answer: () => answer() };
}
