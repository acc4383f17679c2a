import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createResumableFetch, detached, type ResumableFetchOptions } from "../src";
import { problem, ScriptedGateway, type ScriptedRun } from "./scriptedGateway";

let gateway: ScriptedGateway;
let run: ScriptedRun;

beforeEach(async () => {
  vi.spyOn(Math, "random").mockReturnValue(0); // no jitter: the first wait is none at all
  gateway = await ScriptedGateway.start();
  run = gateway.newRun("run_1");
  gateway.onChat = () => ({ run });
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await gateway.stop();
});

/** Only a failing test waits for so long; a machine under load is slow. */
const WAIT = { timeout: 15_000 };

const MESSAGE = JSON.stringify({ type: "threads.create", params: {} });

function send(options: ResumableFetchOptions = {}, init: RequestInit = {}): Promise<Response> {
  const resumable = createResumableFetch({ url: gateway.url, ...options });
  return resumable(gateway.url, { method: "POST", body: MESSAGE, ...init });
}

/** Reads the events of a body one by one. */
function reading(response: Response): { next(): Promise<unknown>; rest(): Promise<unknown[]> } {
  const events = eventsOf(response);
  return {
    next: async () => (await events.next()).value,
    rest: () => collect(events),
  };
}

async function* eventsOf(response: Response): AsyncGenerator<unknown> {
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk);
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      expect(frame).not.toContain("id:");
      if (frame.startsWith("data: ")) yield JSON.parse(frame.slice(6));
    }
  }
}

async function collect(events: AsyncGenerator<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("an answer that arrives undisturbed", () => {
  it("is handed on as bare events, and ends at the end marker", async () => {
    const onEnd = vi.fn();
    run.say("a", "b").end();

    const response = await send({ onEnd });

    expect(await reading(response).rest()).toEqual(["a", "b"]);
    expect(response.headers.get("X-Run-Id")).toBe("run_1");
    expect(onEnd).toHaveBeenCalledWith({ runId: "run_1", threadId: "thr_1" }, "completed");
    const [request] = gateway.requests;
    expect(request?.headers["x-resumable"]).toBe("1");
    expect(request?.headers["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
    expect(gateway.requests).toHaveLength(1);
  });

  it("passes through as it is where there are no runs", async () => {
    gateway.onChat = () => ({ events: ["a"] });
    expect(await reading(await send()).rest()).toEqual(["a"]);
    gateway.onChat = () => ({ json: { id: "thr_1" } });
    expect(await (await send()).json()).toEqual({ id: "thr_1" });
  });

  it("keeps line separators inside an event", async () => {
    run.say("one\u2028two").end();
    expect(await reading(await send()).rest()).toEqual(["one\u2028two"]);
  });
});

describe("a connection that breaks", () => {
  it("goes on after the last event that was seen, each event once and in order", async () => {
    const events: string[] = [];
    const seen = reading(
      await send({
        onReconnecting: () => events.push("reconnecting"),
        onReconnected: () => events.push("reconnected"),
      }),
    );
    run.say("a", "b");
    expect([await seen.next(), await seen.next()]).toEqual(["a", "b"]);

    run.drop().say("c").end();

    expect(await seen.rest()).toEqual(["c"]);
    const [attach] = gateway.asked("/runs/run_1/events");
    expect(attach?.headers["last-event-id"]).toBe("2");
    expect(attach?.headers["x-resumable"]).toBe("1");
    expect(events).toEqual(["reconnecting", "reconnected"]);
  });

  it("drops what a gateway says twice", async () => {
    const seen = reading(await send());
    run.say("a", "b");
    await seen.next();
    await seen.next();
    for (const frame of run.frames) run.aside(frame.text);
    run.say("c").end();
    expect(await seen.rest()).toEqual(["c"]);
  });

  it("moves on when a draining gateway asks it to", async () => {
    const seen = reading(await send());
    run.say("a");
    await seen.next();
    run.drain().say("b").end();
    expect(await seen.rest()).toEqual(["b"]);
  });

  it("counts as broken when nothing comes for too long", async () => {
    const seen = reading(await send({ silenceMs: 60 }));
    run.say("a");
    await seen.next();
    await vi.waitFor(() => expect(gateway.asked("/events")).not.toEqual([]), WAIT);
    run.say("b").end();
    expect(await seen.rest()).toEqual(["b"]);
  });

  it("does not count as broken while pings come", async () => {
    const seen = reading(await send({ silenceMs: 200 }));
    const pinging = setInterval(() => run.aside(": ping\n\n"), 40);
    run.say("a");
    await seen.next();
    await new Promise((resolve) => setTimeout(resolve, 450));
    clearInterval(pinging);
    run.say("b").end();
    expect(await seen.rest()).toEqual(["b"]);
    expect(gateway.asked("/events")).toEqual([]);
  });

  it("tries again while the server is away, and gives up in the end", async () => {
    const response = await send({ giveUpAfterMs: 0 });
    run.say("a");
    const seen = reading(response);
    await seen.next();
    gateway.onRequest = () => problem(503, "store-unavailable");
    run.drop();
    await expect(seen.next()).rejects.toMatchObject({ name: "ResumeError", code: "unreachable" });
    expect(gateway.asked("/events").length).toBeGreaterThan(0);
  });

  it("fails at once when the run is not to be had", async () => {
    const seen = reading(await send());
    run.say("a");
    await seen.next();
    gateway.runs.clear();
    run.drop();
    await expect(seen.next()).rejects.toMatchObject({ code: "run-not-found", status: 404 });
  });

  it("ends quietly when the log has expired, and says so", async () => {
    const onExpired = vi.fn();
    const seen = reading(await send({ onExpired }));
    run.say("a");
    await seen.next();
    run.forget().drop();
    expect(await seen.rest()).toEqual([]);
    expect(onExpired).toHaveBeenCalledOnce();
  });

  it("says when the log was lost, and goes on after the gap", async () => {
    const onSnapshot = vi.fn();
    const seen = reading(await send({ onSnapshot }));
    run.say("a");
    await seen.next();
    run.snapshot().say("b").end();
    expect(await seen.rest()).toEqual(["b"]);
    expect(onSnapshot).toHaveBeenCalledOnce();
  });
});

describe("a message that gets no answer", () => {
  it("is sent again under the same key", async () => {
    let tries = 0;
    gateway.onChat = () => {
      tries += 1;
      return tries === 1 ? "cut-off" : { run: run.say("a").end() };
    };
    expect(await reading(await send()).rest()).toEqual(["a"]);
    const keys = gateway.requests.map((request) => request.headers["idempotency-key"]);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it("waits for its first try where that is still being taken", async () => {
    let tries = 0;
    gateway.onChat = () => {
      tries += 1;
      if (tries === 1) return "cut-off";
      return tries === 2 ? problem(409, "idempotency-in-progress") : { run: run.say("a").end() };
    };
    expect(await reading(await send()).rest()).toEqual(["a"]);
    const keys = gateway.requests.map((request) => request.headers["idempotency-key"]);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it("waits no more than ten times", async () => {
    vi.useFakeTimers();
    const type = "urn:todochat:problem:idempotency-in-progress";
    const server = vi.fn(async () => Response.json({ type }, { status: 409 }));

    const sent = send({ fetch: server });
    await vi.advanceTimersByTimeAsync(300_000);
    vi.useRealTimers();

    expect((await sent).status).toBe(409);
    expect(server).toHaveBeenCalledTimes(11);
  });

  it("keeps the key that it was given", async () => {
    run.end();
    await send({}, { headers: { "Idempotency-Key": "mine" } });
    expect(gateway.requests[0]?.headers["idempotency-key"]).toBe("mine");
  });
});

describe("a thread that is busy", () => {
  it("is named with its run, and the refusal is handed on", async () => {
    const onBusy = vi.fn();
    gateway.onChat = () => problem(409, "thread-busy", { run_id: "run_9", thread_id: "thr_9" });

    const response = await send({ onBusy });

    expect(onBusy.mock.calls).toEqual([[{ runId: "run_9", threadId: "thr_9" }]]);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ run_id: "run_9" });
    expect(gateway.requests).toHaveLength(1);
  });

  it("can be followed through the same fetch", async () => {
    const resumable = createResumableFetch({ url: gateway.url });
    run.say("a");
    const seen = reading(await resumable(`${gateway.url}/runs/${run.id}/events`));
    expect(await seen.next()).toBe("a");
    run.drop();
    run.say("b").end();
    expect(await seen.rest()).toEqual(["b"]);
  });
});

it.each([
  ["bytes", new TextEncoder().encode(MESSAGE)],
  ["a buffer", new TextEncoder().encode(MESSAGE).buffer],
  ["a Blob", new Blob([MESSAGE])],
])("takes a message as %s, as it may come out of a frame", async (_, body) => {
  run.say("a").end();
  const headers = { "Content-Type": "application/json", "chatkit-frame-instance-id": "f1" };
  const resumable = createResumableFetch({ url: gateway.url });
  const response = await resumable(gateway.url, { method: "POST", body, headers, signal: null });
  expect(await reading(response).rest()).toEqual(["a"]);
  expect(gateway.requests[0]).toMatchObject({ body: MESSAGE });
  expect(gateway.requests[0]?.headers).toMatchObject({
    "chatkit-frame-instance-id": "f1",
    "x-resumable": "1",
  });
});

it("takes a Request as well as a URL", async () => {
  run.say("a").end();
  const resumable = createResumableFetch({ url: gateway.url });
  const headers = { "Content-Type": "application/json", "X-Mine": "kept" };
  const request = new Request(gateway.url, { method: "POST", body: MESSAGE, headers });
  expect(await reading(await resumable(request)).rest()).toEqual(["a"]);
  expect(gateway.requests[0]).toMatchObject({ body: MESSAGE, headers: { "x-mine": "kept" } });
  expect(gateway.requests[0]?.headers["x-resumable"]).toBe("1");
});

describe("Stop", () => {
  it("cancels the run when the request is aborted", async () => {
    const stop = new AbortController();
    const seen = reading(await send({}, { signal: stop.signal }));
    run.say("a");
    await seen.next();
    stop.abort();
    await expect(seen.next()).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(run.cancels).toBe(1), WAIT);
  });

  it("cancels the run when the body is cancelled", async () => {
    const response = await send();
    await response.body?.cancel();
    await vi.waitFor(() => expect(run.cancels).toBe(1), WAIT);
  });

  it("cancels a run that has not answered yet", async () => {
    const stop = new AbortController();
    let answer = () => {};
    gateway.onChat = () =>
      new Promise((resolve) => {
        answer = () => resolve({ run });
      });
    const sent = send({}, { signal: stop.signal });
    await vi.waitFor(() => expect(gateway.requests).toHaveLength(1), WAIT);
    stop.abort();
    await expect(sent).rejects.toMatchObject({ name: "AbortError" });
    answer();
    await vi.waitFor(() => expect(run.cancels).toBe(1), WAIT);
  });

  it("cancels while it is reattaching", async () => {
    const stop = new AbortController();
    const seen = reading(await send({}, { signal: stop.signal }));
    run.say("a");
    await seen.next();
    gateway.onRequest = (request) =>
      request.path.endsWith("/events") ? problem(503, "store-unavailable") : null;
    run.drop();
    await vi.waitFor(() => expect(gateway.asked("/events")).not.toEqual([]), WAIT);
    stop.abort();
    await expect(seen.next()).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(run.cancels).toBe(1), WAIT);
  });

  it("leaves the run alone when the reader only looks elsewhere", async () => {
    const stop = new AbortController();
    const seen = reading(await send({}, { signal: stop.signal }));
    run.say("a");
    await seen.next();
    stop.abort(detached());
    await expect(seen.next()).rejects.toMatchObject({ name: "DetachError" });
    await vi.waitFor(() => expect(run.viewers.size).toBe(0), WAIT);
    expect(gateway.asked("/cancel")).toEqual([]);
  });

  it("comes too late for a run that has ended", async () => {
    const stop = new AbortController();
    run.say("a").end();
    await reading(await send({}, { signal: stop.signal })).rest();
    stop.abort();
    await gateway.stop();
    expect(gateway.asked("/cancel")).toEqual([]);
  });
});

describe("a secret that the server refuses", () => {
  const accepting = (good: string) => {
    gateway.onRequest = (request) =>
      request.headers.authorization === `Bearer ${good}` ? null : problem(401, "unauthorized");
  };

  it("is replaced once, and the request goes on", async () => {
    const secrets = ["old", "new"];
    const getClientSecret = vi.fn(async () => secrets.shift() ?? "none");
    accepting("new");
    run.say("a").end();
    expect(await reading(await send({ getClientSecret })).rest()).toEqual(["a"]);
    expect(getClientSecret.mock.calls).toEqual([[null], [null]]);
  });

  it("is replaced when it expires in mid-answer", async () => {
    let secret = "old";
    const resumed = reading(await send({ getClientSecret: async () => secret }));
    run.say("a");
    await resumed.next();
    secret = "new";
    accepting("new");
    run.aside(": unauthorized\n\n").drop().say("b").end();
    expect(await resumed.rest()).toEqual(["b"]);
  });

  it("is asked for no more than once a request", async () => {
    const onUnauthorized = vi.fn();
    let count = 0;
    const getClientSecret = vi.fn(async () => `secret-${count++}`);
    accepting("none of these");
    const response = await send({ getClientSecret, onUnauthorized });
    expect(response.status).toBe(401);
    expect(getClientSecret).toHaveBeenCalledTimes(2);
    expect(onUnauthorized).toHaveBeenCalledOnce();
  });

  it("is never sent to another origin", async () => {
    const elsewhere = await ScriptedGateway.start();
    const resumable = createResumableFetch({ url: gateway.url, getClientSecret: async () => "s" });
    await resumable(elsewhere.url, { method: "POST", body: "{}" });
    expect(elsewhere.requests[0]?.headers.authorization).toBeUndefined();
    expect(elsewhere.requests[0]?.headers["x-resumable"]).toBeUndefined();
    await elsewhere.stop();
  });
});
