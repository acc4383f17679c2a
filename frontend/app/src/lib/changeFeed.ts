import { EventSourceParserStream } from "eventsource-parser/stream";
import { ApiError } from "@/lib/problem";
import type { Change } from "@/lib/tasks";

/** Callbacks of the change feed. */
export interface FeedHandlers {
  /** Opens the feed after the event with this ID; null starts with the next event. */
  open: (after: string | null, signal: AbortSignal) => Promise<Response>;
  /** Everything must be loaded: the feed has started, or events were missed. */
  onReload: () => void;
  onChange: (change: Change) => void;
  /** The connection was opened or lost. */
  onLive: (isLive: boolean) => void;
}

/** The server pings every 15 s; without bytes for three intervals the connection is dead. */
const IDLE_TIMEOUT_MS = 45_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 15_000;
/** After a sign-out the server ends the feed; other tabs of the browser learn of it within this time. */
const SIGNED_OUT_DELAY_MS = 2_000;
/** A background tab disconnects after this time: browsers allow six connections per server, over all tabs. */
const HIDDEN_TIMEOUT_MS = 30_000;

/** Follows the feed until aborted; reconnects after the last event's ID. */
export async function followChanges(handlers: FeedHandlers, signal: AbortSignal): Promise<void> {
  let after: string | null = null;
  let backoff = FIRST_BACKOFF_MS;
  while (!signal.aborted) {
    await whenVisible(signal);
    if (signal.aborted) return;
    try {
      after = await readConnection(handlers, after, signal, (id) => {
        after = id;
        backoff = FIRST_BACKOFF_MS;
      });
    } catch (error) {
      if (signal.aborted) return;
      // The session has ended; the next sign-in opens another feed.
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
      handlers.onLive(false);
      const retryAfter = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
      await sleep(Math.max(retryAfter, backoff * (0.75 + Math.random() / 2)), signal);
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
    }
  }
}

/** Reads one connection to its end and returns the ID of the last event. */
async function readConnection(
  handlers: FeedHandlers,
  after: string | null,
  signal: AbortSignal,
  onId: (id: string) => void,
): Promise<string | null> {
  const connection = new AbortController();
  const signals = AbortSignal.any([signal, connection.signal]);
  const idleTimer = new IdleTimer(IDLE_TIMEOUT_MS, () => connection.abort());
  const stopWatchingTab = abortWhenHidden(connection);
  // Without a network the connection is dead before a read fails.
  const onOffline = () => connection.abort();
  window.addEventListener("offline", onOffline);
  let last = after;
  let isSignedOut = false;
  const onComment = (comment: string) => {
    isSignedOut ||= comment.trim() === "unauthorized";
  };
  try {
    const response = await handlers.open(after, signals);
    handlers.onLive(true);
    if (!response.body) return last;
    const monitor = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        idleTimer.restart();
        controller.enqueue(chunk);
      },
    });
    const events = response.body
      .pipeThrough(monitor)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream({ onComment }))
      .getReader();
    for (;;) {
      const { done, value } = await events.read();
      if (done) {
        // An immediate reconnect would get a 401, which the console shows as an error.
        if (isSignedOut) await sleep(SIGNED_OUT_DELAY_MS, signal);
        return last;
      }
      if (value.id !== undefined) {
        last = value.id;
        onId(last);
      }
      const change = JSON.parse(value.data) as Change;
      if (change.type === "feed.ready.v1" || change.type === "feed.reset.v1") handlers.onReload();
      else handlers.onChange(change);
    }
  } catch (error) {
    // Deliberate disconnect (idle, offline or hidden): resume after the last event.
    if (connection.signal.aborted && !signal.aborted) return last;
    throw error;
  } finally {
    idleTimer.stop();
    stopWatchingTab();
    window.removeEventListener("offline", onOffline);
    connection.abort();
  }
}

/** Calls back when `restart` was not called for a time. */
class IdleTimer {
  #timer: ReturnType<typeof setTimeout> | undefined;
  constructor(
    private readonly delay: number,
    private readonly onIdle: () => void,
  ) {
    this.restart();
  }
  restart(): void {
    this.stop();
    this.#timer = setTimeout(this.onIdle, this.delay);
  }
  stop(): void {
    clearTimeout(this.#timer);
  }
}

function abortWhenHidden(connection: AbortController): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onChange = () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") {
      timer = setTimeout(() => connection.abort(), HIDDEN_TIMEOUT_MS);
    }
  };
  document.addEventListener("visibilitychange", onChange);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onChange);
  };
}

function whenVisible(signal: AbortSignal): Promise<void> {
  if (document.visibilityState !== "hidden") return Promise.resolve();
  return new Promise((resolve) => {
    const onChange = () => {
      if (document.visibilityState === "hidden" && !signal.aborted) return;
      document.removeEventListener("visibilitychange", onChange);
      resolve();
    };
    document.addEventListener("visibilitychange", onChange);
    signal.addEventListener("abort", onChange, { once: true });
  });
}

function sleep(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, delay);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      window.removeEventListener("online", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
    // The network is back: end the wait early.
    window.addEventListener("online", done, { once: true });
  });
}
