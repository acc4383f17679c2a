import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createResumableFetch, detached, type ResumableFetchOptions } from "../src";
import { problem, ScriptedGateway, type ScriptedRun } from "./scriptedGateway";

let gateway: ScriptedGateway;
let run: ScriptedRun;

beforeEach(async () => {
  vi.spyOn(Math, "random").mockReturnValue(0); // no jitter: the first delay is 0
  gateway = await ScriptedGateway.start();
  run = gateway.newRun("run_1");
  gateway.onChat = () => ({ run });
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await gateway.stop();
});

/** Upper bound for slow machines; only a failing test waits this long. */
const WAIT = { timeout: 15_000 };

const MESSAGE = JSON.stringify({ type: "threads.create", params: {} });

function send(options: ResumableFetchOptions = {}, init: RequestInit = {}): Promise<Response> {
  const resumable = createResumableFetch({ url: gateway.url, ...options });
  return resumable(gateway.url, { method: "POST", body: MESSAGE, ...init });
}

/** Returns a reader of a body's events. */
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

describe("an uninterrupted response", () => {
  it("relays plain events and ends at the end marker", async () => {
    const onEnd = vi.fn();
    run.publish("a", "b").end();

    const response = await send({ onEnd });

    expect(await reading(response).rest()).toEqual(["a", "b"]);
    expect(response.headers.get("X-Run-Id")).toBe("run_1");
    expect(onEnd).toHaveBeenCalledWith({ runId: "run_1", threadId: "thr_1" }, "completed");
    const [request] = gateway.requests;
    expect(request?.headers["x-resumable"]).toBe("1");
    expect(request?.headers["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
    expect(gateway.requests).toHaveLength(1);
  });

  it("is resumed once if the fetch below already resumes it", async () => {
    const below = createResumableFetch({ url: gateway.url });
    run.publish("a");

    const response = await send({ fetch: (input, init) => below(input, init) });
    const seen = reading(response);
    expect(await seen.next()).toBe("a");
    run.drop();
    run.publish("b").end();

    expect(await seen.rest()).toEqual(["b"]);
    expect(gateway.requests).toHaveLength(2);
  });

  it("passes responses without a run through unchanged", async () => {
    gateway.onChat = () => ({ events: ["a"] });
    expect(await reading(await send()).rest()).toEqual(["a"]);
    gateway.onChat = () => ({ json: { id: "thr_1" } });
    expect(await (await send()).json()).toEqual({ id: "thr_1" });
  });

  it("keeps line separators inside an event", async () => {
    run.publish("one\u2028two").end();
    expect(await reading(await send()).rest()).toEqual(["one\u2028two"]);
  });
});

describe("a dropped connection", () => {
  it("resumes after the last event, with each event once and in order", async () => {
    const events: string[] = [];
    const seen = reading(
      await send({
        onReconnecting: () => events.push("reconnecting"),
        onReconnected: () => events.push("reconnected"),
      }),
    );
    run.publish("a", "b");
    expect([await seen.next(), await seen.next()]).toEqual(["a", "b"]);

    run.drop().publish("c").end();

    expect(await seen.rest()).toEqual(["c"]);
    const [attach] = gateway.requestsOf("/runs/run_1/events");
    expect(attach?.headers["last-event-id"]).toBe("2");
    expect(attach?.headers["x-resumable"]).toBe("1");
    expect(events).toEqual(["reconnecting", "reconnected"]);
  });

  it("drops events that a gateway sends twice", async () => {
    const seen = reading(await send());
    run.publish("a", "b");
    await seen.next();
    await seen.next();
    for (const frame of run.frames) run.writeUnlogged(frame.text);
    run.publish("c").end();
    expect(await seen.rest()).toEqual(["c"]);
  });

  it("reconnects when a draining gateway requests it", async () => {
    const seen = reading(await send());
    run.publish("a");
    await seen.next();
    run.drain().publish("b").end();
    expect(await seen.rest()).toEqual(["b"]);
  });

  it("is detected by the idle timeout", async () => {
    const seen = reading(await send({ silenceMs: 60 }));
    run.publish("a");
    await seen.next();
    await vi.waitFor(() => expect(gateway.requestsOf("/events")).not.toEqual([]), WAIT);
    run.publish("b").end();
    expect(await seen.rest()).toEqual(["b"]);
  });

  it("is not assumed while pings arrive", async () => {
    const seen = reading(await send({ silenceMs: 200 }));
    const pinging = setInterval(() => run.writeUnlogged(": ping\n\n"), 40);
    run.publish("a");
    await seen.next();
    await new Promise((resolve) => setTimeout(resolve, 450));
    clearInterval(pinging);
    run.publish("b").end();
    expect(await seen.rest()).toEqual(["b"]);
    expect(gateway.requestsOf("/events")).toEqual([]);
  });

  it("retries while the server is unavailable, then fails with ResumeError", async () => {
    const response = await send({ giveUpAfterMs: 0 });
    run.publish("a");
    const seen = reading(response);
    await seen.next();
    gateway.onRequest = () => problem(503, "store-unavailable");
    run.drop();
    await expect(seen.next()).rejects.toMatchObject({ name: "ResumeError", code: "unreachable" });
    expect(gateway.requestsOf("/events").length).toBeGreaterThan(0);
  });

  it("fails immediately when the run does not exist", async () => {
    const seen = reading(await send());
    run.publish("a");
    await seen.next();
    gateway.runs.clear();
    run.drop();
    await expect(seen.next()).rejects.toMatchObject({ code: "run-not-found", status: 404 });
  });

  it("ends the body and calls onExpired when the log has expired", async () => {
    const onExpired = vi.fn();
    const seen = reading(await send({ onExpired }));
    run.publish("a");
    await seen.next();
    run.expireLog().drop();
    expect(await seen.rest()).toEqual([]);
    expect(onExpired).toHaveBeenCalledOnce();
  });

  it("calls onSnapshot when the log was lost and continues after the gap", async () => {
    const onSnapshot = vi.fn();
    const seen = reading(await send({ onSnapshot }));
    run.publish("a");
    await seen.next();
    run.snapshot().publish("b").end();
    expect(await seen.rest()).toEqual(["b"]);
    expect(onSnapshot).toHaveBeenCalledOnce();
  });
});

describe("a message without a response", () => {
  it("is retried with the same key", async () => {
    let attempts = 0;
    gateway.onChat = () => {
      attempts += 1;
      return attempts === 1 ? "cut-off" : { run: run.publish("a").end() };
    };
    expect(await reading(await send()).rest()).toEqual(["a"]);
    const keys = gateway.requests.map((request) => request.headers["idempotency-key"]);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it("waits while its first attempt is in progress", async () => {
    let attempts = 0;
    gateway.onChat = () => {
      attempts += 1;
      if (attempts === 1) return "cut-off";
      return attempts === 2
        ? problem(409, "idempotency-in-progress")
        : { run: run.publish("a").end() };
    };
    expect(await reading(await send()).rest()).toEqual(["a"]);
    const keys = gateway.requests.map((request) => request.headers["idempotency-key"]);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it("waits for a request in progress at most ten times", async () => {
    vi.useFakeTimers();
    const type = "urn:todochat:problem:idempotency-in-progress";
    const server = vi.fn(async () => Response.json({ type }, { status: 409 }));

    const sent = send({ fetch: server });
    await vi.advanceTimersByTimeAsync(300_000);
    vi.useRealTimers();

    expect((await sent).status).toBe(409);
    expect(server).toHaveBeenCalledTimes(11);
  });

  it("keeps the caller's key", async () => {
    run.end();
    await send({}, { headers: { "Idempotency-Key": "mine" } });
    expect(gateway.requests[0]?.headers["idempotency-key"]).toBe("mine");
  });
});

describe("a busy thread", () => {
  it("calls onBusy with its run and passes the 409 on", async () => {
    const onBusy = vi.fn();
    gateway.onChat = () => problem(409, "thread-busy", { run_id: "run_9", thread_id: "thr_9" });

    const response = await send({ onBusy });

    expect(onBusy.mock.calls).toEqual([[{ runId: "run_9", threadId: "thr_9" }]]);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ run_id: "run_9" });
    expect(gateway.requests).toHaveLength(1);
  });

  it("lets the same fetch follow its run", async () => {
    const resumable = createResumableFetch({ url: gateway.url });
    run.publish("a");
    const seen = reading(await resumable(`${gateway.url}/runs/${run.id}/events`));
    expect(await seen.next()).toBe("a");
    run.drop();
    run.publish("b").end();
    expect(await seen.rest()).toEqual(["b"]);
  });
});

it.each([
  ["bytes", new TextEncoder().encode(MESSAGE)],
  ["a buffer", new TextEncoder().encode(MESSAGE).buffer],
  ["a Blob", new Blob([MESSAGE])],
])("accepts a message as %s, as an iframe may pass it", async (_, body) => {
  run.publish("a").end();
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

it("accepts a Request as well as a URL", async () => {
  run.publish("a").end();
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
    run.publish("a");
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

  it("cancels a run that has not responded yet", async () => {
    const stop = new AbortController();
    let respond = () => {};
    gateway.onChat = () =>
      new Promise((resolve) => {
        respond = () => resolve({ run });
      });
    const sent = send({}, { signal: stop.signal });
    await vi.waitFor(() => expect(gateway.requests).toHaveLength(1), WAIT);
    stop.abort();
    await expect(sent).rejects.toMatchObject({ name: "AbortError" });
    respond();
    await vi.waitFor(() => expect(run.cancels).toBe(1), WAIT);
  });

  it("cancels while it is reattaching", async () => {
    const stop = new AbortController();
    const seen = reading(await send({}, { signal: stop.signal }));
    run.publish("a");
    await seen.next();
    gateway.onRequest = (request) =>
      request.path.endsWith("/events") ? problem(503, "store-unavailable") : null;
    run.drop();
    await vi.waitFor(() => expect(gateway.requestsOf("/events")).not.toEqual([]), WAIT);
    stop.abort();
    await expect(seen.next()).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(run.cancels).toBe(1), WAIT);
  });

  it("does not cancel the run on detach", async () => {
    const stop = new AbortController();
    const seen = reading(await send({}, { signal: stop.signal }));
    run.publish("a");
    await seen.next();
    stop.abort(detached());
    await expect(seen.next()).rejects.toMatchObject({ name: "DetachError" });
    await vi.waitFor(() => expect(run.viewers.size).toBe(0), WAIT);
    expect(gateway.requestsOf("/cancel")).toEqual([]);
  });

  it("sends no cancel for a run that has ended", async () => {
    const stop = new AbortController();
    run.publish("a").end();
    await reading(await send({}, { signal: stop.signal })).rest();
    stop.abort();
    await gateway.stop();
    expect(gateway.requestsOf("/cancel")).toEqual([]);
  });
});

describe("a rejected secret", () => {
  const accepting = (good: string) => {
    gateway.onRequest = (request) =>
      request.headers.authorization === `Bearer ${good}` ? null : problem(401, "unauthorized");
  };

  it("is renewed once and the request is retried", async () => {
    const secrets = ["old", "new"];
    const getClientSecret = vi.fn(async () => secrets.shift() ?? "none");
    accepting("new");
    run.publish("a").end();
    expect(await reading(await send({ getClientSecret })).rest()).toEqual(["a"]);
    expect(getClientSecret.mock.calls).toEqual([[null], ["old"]]);
  });

  it("is renewed when it expires during a stream", async () => {
    let secret = "old";
    const resumed = reading(await send({ getClientSecret: async () => secret }));
    run.publish("a");
    await resumed.next();
    secret = "new";
    accepting("new");
    run.writeUnlogged(": unauthorized\n\n").drop().publish("b").end();
    expect(await resumed.rest()).toEqual(["b"]);
  });

  it("is renewed at most once per request", async () => {
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
