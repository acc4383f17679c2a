import { cancelsRun } from "./abortReason";
import { type Call, callOf, isAttachRequest, isChatRequest, runUrl } from "./call";
import type { ResumableFetchOptions, RunRef } from "./options";
import { RunStream } from "./runStream";
import { createSecretCache } from "./secretCache";
import { Sender } from "./sender";

const DEFAULT_SILENCE_MS = 35_000;
const DEFAULT_GIVE_UP_MS = 300_000;
/** Timeout for the response to an aborted request, which names the run that it started. */
const LATE_RESPONSE_MS = 30_000;

/**
 * Marks the result of `createResumableFetch`, so that it isn't wrapped again, and its responses,
 * because React's wrapper of ChatKit passes functions on as others that call them.
 */
const MARK = Symbol.for("resumable-fetch");

/** Returns whether a fetch resumes streams. */
export function isResumable(candidate: typeof fetch): boolean {
  return Reflect.get(candidate, MARK) === true;
}

/**
 * Creates a `fetch` whose event streams survive dropped connections.
 *
 * It sends `X-Resumable: 1` and tracks event IDs. When the connection breaks, times out or the
 * server requests a reconnect, it reattaches and continues the same response body, which contains each event once
 * and in order. An abort cancels the run, unless the page is unloading or the abort's reason is
 * `detached()`. Requests to other origins, and responses without a run, pass through unchanged.
 */
export function createResumableFetch(options: ResumableFetchOptions = {}): typeof fetch {
  const secrets =
    options.secrets ??
    (options.getClientSecret === undefined ? null : createSecretCache(options.getClientSecret));
  const baseFetch: typeof fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init);
  const sender = new Sender(baseFetch, secrets, () => options.onUnauthorized?.());

  async function resumableFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const call = await callOf(input, init);
    if (new URL(call.url).origin !== originOf(options.url)) return baseFetch(input, init);
    call.signal?.throwIfAborted();
    if (options.resume === false) return sender.send(call, call.signal ?? undefined);
    if (isChatRequest(call)) {
      call.headers.set("X-Resumable", "1");
      if (!call.headers.has("Idempotency-Key")) {
        call.headers.set("Idempotency-Key", randomKey());
      }
      return sendAbortable(call, (signal) => sender.sendIdempotently(call, signal));
    }
    if (isAttachRequest(call)) call.headers.set("X-Resumable", "1");
    return sendAbortable(call, (signal) => sender.send(call, signal));
  }

  /** Sends a call. An abort before the response still cancels the run that the response names. */
  function sendAbortable(
    call: Call,
    send: (signal: AbortSignal) => Promise<Response>,
  ): Promise<Response> {
    const connection = new AbortController();
    const { signal } = call;
    if (signal === null) return handleResponse(send(connection.signal), call, connection);
    return new Promise((resolve, reject) => {
      const response = send(connection.signal);
      const abort = () => {
        reject(signal.reason);
        void cancelUnansweredRun(response, call, connection);
      };
      signal.addEventListener("abort", abort, { once: true });
      response.finally(() => signal.removeEventListener("abort", abort)).catch(() => undefined);
      handleResponse(response, call, connection).then(resolve, reject);
    });
  }

  async function handleResponse(
    sent: Promise<Response>,
    call: Call,
    connection: AbortController,
  ): Promise<Response> {
    const response = await sent;
    if (response.status === 409 && options.onBusy !== undefined) {
      const run = await blockingRun(response.clone());
      if (run !== null) options.onBusy(run);
    }
    const stream = streamOf(response, call);
    if (stream === null || response.body === null || call.signal?.aborted) {
      const { signal } = call;
      if (response.body !== null && signal !== null) {
        // Not a run: the caller's abort ends the body, as with any fetch.
        signal.addEventListener("abort", () => connection.abort(signal.reason), { once: true });
      }
      return response;
    }
    options.onRun?.(stream.run);
    const body = stream.source.open(response.body, connection, call.signal);
    const { status, statusText, headers } = response;
    const resumed = new Response(body, { status, statusText, headers });
    return Object.defineProperty(resumed, MARK, { value: true });
  }

  /** Returns the run that a response streams; null if it streams none, or `baseFetch` resumes it. */
  function streamOf(response: Response, call: Call): { run: RunRef; source: RunStream } | null {
    const runId = response.headers.get("X-Run-Id");
    const type = response.headers.get("Content-Type") ?? "";
    if (!response.ok || runId === null || !type.startsWith("text/event-stream")) return null;
    if (Reflect.get(response, MARK) === true) return null;
    const run = { runId, threadId: response.headers.get("X-Thread-Id") };
    const source = new RunStream(run, (path) => runUrl(call, runId, path), call.rest, sender, {
      ...options,
      silenceMs: options.silenceMs ?? DEFAULT_SILENCE_MS,
      giveUpAfterMs: options.giveUpAfterMs ?? DEFAULT_GIVE_UP_MS,
    });
    return { run, source };
  }

  async function cancelUnansweredRun(
    sent: Promise<Response>,
    call: Call,
    connection: AbortController,
  ): Promise<void> {
    if (!isChatRequest(call) || !cancelsRun(call.signal?.reason)) {
      connection.abort();
      return;
    }
    const timer = setTimeout(() => connection.abort(), LATE_RESPONSE_MS);
    try {
      const stream = streamOf(await sent, call);
      await stream?.source.cancelRun();
    } catch {
      // No response, so there is no run to cancel.
    } finally {
      clearTimeout(timer);
      connection.abort();
    }
  }

  return Object.defineProperty(resumableFetch, MARK, { value: true });
}

/** Returns the run that blocks a message, from the problem document. */
async function blockingRun(response: Response): Promise<RunRef | null> {
  const problem: unknown = await response.json().catch(() => null);
  const { type, run_id: runId, thread_id: threadId } = Object(problem);
  if (typeof runId !== "string" || !String(type).endsWith(":thread-busy")) return null;
  return { runId, threadId: typeof threadId === "string" ? threadId : null };
}

function originOf(url: string | undefined): string {
  return new URL(url ?? "", globalThis.location?.href ?? url).origin;
}

/** Returns a random key. `crypto.randomUUID` needs a secure origin; http://192.168.0.2 isn't one. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
