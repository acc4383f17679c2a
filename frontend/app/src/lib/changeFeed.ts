import { EventSourceParserStream } from "eventsource-parser/stream";
import { ApiError } from "@/lib/problem";
import type { Change } from "@/lib/tasks";

/** What a reader of the feed does. */
export interface FeedReader {
  /** Opens the feed after an event's id; null for what comes from now on. */
  open: (after: string | null, signal: AbortSignal) => Promise<Response>;
  /** Everything has to be loaded anew: the feed has just begun, or changes are missing. */
  onReload: () => void;
  onChange: (change: Change) => void;
  /** Whether changes arrive at present. */
  onLive: (isLive: boolean) => void;
}

/** The server pings every 15 s; after three missed ones the connection is dead. */
const SILENCE_MS = 45_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;
/** The server ends feeds of a signed-out session; a tab of the same browser hears of it in this time. */
const SIGNED_OUT_PAUSE_MS = 2_000;
/** A tab in the background lets go: browsers allow six connections to a server over all tabs. */
const HIDDEN_MS = 30_000;

/** Follows the feed until aborted; every interruption is bridged by the last event's id. */
export async function followChanges(reader: FeedReader, signal: AbortSignal): Promise<void> {
  let after: string | null = null;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    await whenVisible(signal);
    if (signal.aborted) return;
    try {
      after = await readOnce(reader, after, signal, (id) => {
        after = id;
        pause = FIRST_PAUSE_MS;
      });
    } catch (error) {
      if (signal.aborted) return;
      // The session is over; whoever signs in opens another feed.
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
      reader.onLive(false);
      const wanted = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
      await sleep(Math.max(wanted, pause * (0.75 + Math.random() / 2)), signal);
      pause = Math.min(pause * 2, MAX_PAUSE_MS);
    }
  }
}

/** Reads one connection to its end and returns the ID of the last event. */
async function readOnce(
  reader: FeedReader,
  after: string | null,
  signal: AbortSignal,
  onId: (id: string) => void,
): Promise<string | null> {
  const connection = new AbortController();
  const signals = AbortSignal.any([signal, connection.signal]);
  const alarm = new Alarm(SILENCE_MS, () => connection.abort());
  const stopHiding = abortWhenHidden(connection);
  // Without a network a connection is dead long before anything says so.
  const onOffline = () => connection.abort();
  window.addEventListener("offline", onOffline);
  let last = after;
  let isSignedOut = false;
  const onComment = (comment: string) => {
    isSignedOut ||= comment.trim() === "unauthorized";
  };
  try {
    const response = await reader.open(after, signals);
    reader.onLive(true);
    if (!response.body) return last;
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        alarm.restart();
        controller.enqueue(chunk);
      },
    });
    const events = response.body
      .pipeThrough(heard)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream({ onComment }))
      .getReader();
    for (;;) {
      const { done, value } = await events.read();
      if (done) {
        // Opened again at once it would only get a 401, which shows as an error in the console.
        if (isSignedOut) await sleep(SIGNED_OUT_PAUSE_MS, signal);
        return last;
      }
      if (value.id !== undefined) {
        last = value.id;
        onId(last);
      }
      deliver(reader, value.data);
    }
  } catch (error) {
    // Silence and a hidden tab end a connection on purpose: go on where it was.
    if (connection.signal.aborted && !signal.aborted) return last;
    throw error;
  } finally {
    alarm.stop();
    stopHiding();
    window.removeEventListener("offline", onOffline);
    connection.abort();
  }
}

function deliver(reader: FeedReader, data: string): void {
  const change = JSON.parse(data) as Change;
  if (change.type === "feed.ready.v1" || change.type === "feed.reset.v1") reader.onReload();
  else reader.onChange(change);
}

/** Calls back once after a time without `restart`. */
class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  constructor(
    private readonly delay: number,
    private readonly onRing: () => void,
  ) {
    this.restart();
  }
  restart(): void {
    this.stop();
    this.#timer = setTimeout(this.onRing, this.delay);
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
      timer = setTimeout(() => connection.abort(), HIDDEN_MS);
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
    // The network is back: no need to wait to the end.
    window.addEventListener("online", done, { once: true });
  });
}
