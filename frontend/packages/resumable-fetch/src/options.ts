import type { GetClientSecret, SecretCache } from "./secretCache";

/** The run behind a stream, from the response's headers. */
export type RunRef = { runId: string; threadId: string | null };

/** A run's final status, from its end marker. */
export type EndStatus = "completed" | "failed" | "cancelled";

export type ResumableFetchOptions = {
  /**
   * The chat's URL. Only requests to its origin get this library's headers; requests to other
   * origins, such as uploads to a storage host, pass through unchanged.
   * @default the page's origin
   */
  url?: string;
  /** Returns client secrets, which are cached and sent as `Authorization: Bearer`. */
  getClientSecret?: GetClientSecret;
  /** A cache shared with other requests, instead of `getClientSecret`. */
  secrets?: SecretCache;
  /**
   * Sends the requests.
   * @default the current global fetch
   */
  fetch?: typeof fetch;
  /**
   * False only adds secrets: no other header is sent and streams are not resumed, for servers that
   * would reject the headers.
   * @default true
   */
  resume?: boolean;
  /**
   * Idle timeout of a stream: slightly more than two ping intervals.
   * @default 35_000
   */
  silenceMs?: number;
  /**
   * How long to retry reattaching after the last frame.
   * @default 300_000
   */
  giveUpAfterMs?: number;
  /** Called when a run responds, also after attaching to one. */
  onRun?: (run: RunRef) => void;
  /** Called when a stream broke and is being resumed. */
  onReconnecting?: (run: RunRef) => void;
  /** Called when the stream was resumed. */
  onReconnected?: (run: RunRef) => void;
  /** Called when the server lost the events so far: reload the thread's items. */
  onSnapshot?: (run: RunRef) => void;
  /** Called when the run's log has expired (410): reload the thread's items. The stream ends. */
  onExpired?: (run: RunRef) => void;
  /**
   * Called when the message was rejected because the thread is busy with this run (409
   * `thread-busy`). Show that run; with the official component, call `chatkit.fetchUpdates()`. The
   * response is passed on unchanged.
   */
  onBusy?: (run: RunRef) => void;
  /** Called after a 401 that persists with a fresh secret. */
  onUnauthorized?: () => void;
  onEnd?: (run: RunRef, status: EndStatus) => void;
};
