import { type Call, describeCall, isAttach, isChatRequest, runUrl } from "./call";
import { meansStop } from "./leaving";
import type { ResumableFetchOptions, RunRef } from "./options";
import { RunStream } from "./runStream";
import { createSecretCache } from "./secretCache";
import { Sender } from "./sender";

const DEFAULT_SILENCE_MS = 35_000;
const DEFAULT_GIVE_UP_MS = 300_000;
/** How long an aborted request may take to say which run it began. */
const LATE_ANSWER_MS = 30_000;

/** Marks what `createResumableFetch` made, so that nobody wraps it again. */
const MARK = Symbol.for("resumable-fetch");

/** Whether a fetch reattaches by itself. */
export function isResumable(candidate: typeof fetch): boolean {
  return Reflect.get(candidate, MARK) === true;
}

/**
 * Makes a `fetch` whose event streams survive drops.
 *
 * It says `X-Resumable: 1`, follows the ids, and when the connection breaks, falls silent or is
 * asked to move, it reattaches and goes on in the same response body, which holds each event once
 * and in order. An abort cancels the run, unless the page is going away or the abort's reason is
 * `detached()`. Requests to other origins, and answers that are no runs, pass as they are.
 */
export function createResumableFetch(options: ResumableFetchOptions = {}): typeof fetch {
  const secrets =
    options.secrets ??
    (options.getClientSecret === undefined ? null : createSecretCache(options.getClientSecret));
  const baseFetch: typeof fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init);
  const sender = new Sender(baseFetch, secrets, () => options.onUnauthorized?.());

  async function resumableFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const call = await describeCall(input, init);
    if (new URL(call.url).origin !== originOf(options.url)) return baseFetch(input, init);
    call.signal?.throwIfAborted();
    if (options.resume === false) return sender.send(call, call.signal ?? undefined);
    if (isChatRequest(call)) {
      call.headers.set("X-Resumable", "1");
      if (!call.headers.has("Idempotency-Key")) {
        call.headers.set("Idempotency-Key", randomKey());
      }
      return sendWatched(call, (signal) => sender.sendUntilAnswered(call, signal));
    }
    if (isAttach(call)) call.headers.set("X-Resumable", "1");
    return sendWatched(call, (signal) => sender.send(call, signal));
  }

  /** Sends a call; an abort before the answer still cancels the run that the answer names. */
  function sendWatched(
    call: Call,
    send: (signal: AbortSignal) => Promise<Response>,
  ): Promise<Response> {
    const connection = new AbortController();
    const { signal } = call;
    if (signal === null) return answer(send(connection.signal), call, connection);
    return new Promise((resolve, reject) => {
      const response = send(connection.signal);
      const abort = () => {
        reject(signal.reason);
        void cancelLate(response, call, connection);
      };
      signal.addEventListener("abort", abort, { once: true });
      response.finally(() => signal.removeEventListener("abort", abort)).catch(() => undefined);
      answer(response, call, connection).then(resolve, reject);
    });
  }

  async function answer(
    sent: Promise<Response>,
    call: Call,
    connection: AbortController,
  ): Promise<Response> {
    const response = await sent;
    if (response.status === 409 && options.onBusy !== undefined) {
      const run = await busyRun(response.clone());
      if (run !== null) options.onBusy(run);
    }
    const stream = streamOf(response, call);
    if (stream === null || response.body === null || call.signal?.aborted) {
      return response.body !== null && call.signal !== null
        ? endingWith(response, call.signal, connection)
        : response;
    }
    options.onRun?.(stream.run);
    const body = stream.source.open(response.body, connection, call.signal);
    const { status, statusText, headers } = response;
    return new Response(body, { status, statusText, headers });
  }

  /** The run behind an answer, if it streams one. */
  function streamOf(response: Response, call: Call): { run: RunRef; source: RunStream } | null {
    const runId = response.headers.get("X-Run-Id");
    const type = response.headers.get("Content-Type") ?? "";
    if (!response.ok || runId === null || !type.startsWith("text/event-stream")) return null;
    const run = { runId, threadId: response.headers.get("X-Thread-Id") };
    const source = new RunStream(run, runUrl(call, runId), call.rest, sender, {
      ...options,
      silenceMs: options.silenceMs ?? DEFAULT_SILENCE_MS,
      giveUpAfterMs: options.giveUpAfterMs ?? DEFAULT_GIVE_UP_MS,
    });
    return { run, source };
  }

  async function cancelLate(
    sent: Promise<Response>,
    call: Call,
    connection: AbortController,
  ): Promise<void> {
    if (!isChatRequest(call) || !meansStop(call.signal?.reason)) {
      connection.abort();
      return;
    }
    const timer = setTimeout(() => connection.abort(), LATE_ANSWER_MS);
    try {
      const stream = streamOf(await sent, call);
      await stream?.source.cancelRun();
    } catch {
      // No answer, so there is nothing to cancel.
    } finally {
      clearTimeout(timer);
      connection.abort();
    }
  }

  return Object.defineProperty(resumableFetch, MARK, { value: true });
}

/** The run that is in a message's way, as the problem names it. */
async function busyRun(response: Response): Promise<RunRef | null> {
  const problem: unknown = await response.json().catch(() => null);
  const { type, run_id: runId, thread_id: threadId } = Object(problem);
  if (typeof runId !== "string" || !String(type).endsWith(":thread-busy")) return null;
  return { runId, threadId: typeof threadId === "string" ? threadId : null };
}

/** An answer that isn't a run: its body ends with the caller's abort, as usual. */
function endingWith(
  response: Response,
  signal: AbortSignal,
  connection: AbortController,
): Response {
  signal.addEventListener("abort", () => connection.abort(signal.reason), { once: true });
  return response;
}

function originOf(url: string | undefined): string {
  return new URL(url ?? "", globalThis.location?.href ?? url).origin;
}

/** `crypto.randomUUID` exists only on secure origins, and http://192.168.0.2 is none. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
