import type { GetClientSecret, SecretCache } from "./secretCache";

/** The run behind a stream, as the answer's headers name it. */
export type RunRef = { runId: string; threadId: string | null };

/** How a run ended, as its end marker says. */
export type EndStatus = "completed" | "failed" | "cancelled";

export type ResumableFetchOptions = {
  /**
   * The chat's URL. Only requests to its origin get headers of ours; files that go to a storage
   * host elsewhere pass untouched.
   * @default the page's own origin
   */
  url?: string;
  /** Gets client secrets, which are cached and sent as `Authorization: Bearer`. */
  getClientSecret?: GetClientSecret;
  /** A cache to share with other requests, instead of `getClientSecret`. */
  secrets?: SecretCache;
  /**
   * What sends requests.
   * @default the global fetch of the moment
   */
  fetch?: typeof fetch;
  /**
   * False: only secrets are dealt with; no header of ours is sent and nothing is reattached, for
   * servers that would refuse the headers.
   * @default true
   */
  resume?: boolean;
  /**
   * How long a stream may say nothing before it counts as dead: two pings and some.
   * @default 35_000
   */
  silenceMs?: number;
  /**
   * How long to try to reattach after the last sign of life.
   * @default 300_000
   */
  giveUpAfterMs?: number;
  /** A run has answered; also for a run that was attached to. */
  onRun?: (run: RunRef) => void;
  /** A stream broke and is being reattached to. */
  onReconnecting?: (run: RunRef) => void;
  /** It goes on. */
  onReconnected?: (run: RunRef) => void;
  /** The server lost what was said so far: read the thread's items anew. */
  onSnapshot?: (run: RunRef) => void;
  /** The run is over and its log is gone (410): read the thread's items. The stream just ends. */
  onExpired?: (run: RunRef) => void;
  /**
   * The message wasn't taken: the thread is busy with this run (409 `thread-busy`). Show that one,
   * with the official component by `chatkit.fetchUpdates()`; the answer is handed on as it is.
   */
  onBusy?: (run: RunRef) => void;
  /** A 401 that a fresh secret didn't cure. */
  onUnauthorized?: () => void;
  onEnd?: (run: RunRef, status: EndStatus) => void;
};
