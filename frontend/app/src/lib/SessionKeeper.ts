import { ApiError } from "@/lib/problem";
import type { Session } from "@/lib/session";

/** Why there is no session: none existed, the user signed out (`chosen`), or the server ended it. */
export type SignedOutReason = "none" | "chosen" | "ended";

/** A message between the tabs of a browser. */
type TabMessage =
  | { type: "session"; session: Session }
  | { type: "signed-out"; reason: SignedOutReason };

/** Options of a session keeper. */
export interface SessionKeeperOptions {
  /** Exchanges the refresh cookie for a session; null without a cookie. */
  refresh: () => Promise<Session | null>;
  onSession: (session: Session) => void;
  onSignedOut: (reason: SignedOutReason) => void;
  now?: () => number;
}

const CHANNEL = "todochat.session";
const LOCK = "todochat.refresh";
/** A token is renewed this long before it expires. */
const RENEW_BEFORE_MS = 60_000;
/** A tab that becomes visible renews earlier: its timers may have been suspended. */
const RENEW_WHEN_VISIBLE_MS = 120_000;
const RETRY_MS = 5_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps a browser's session alive in all its tabs.
 *
 * The tabs share one refresh cookie, which rotates. So they take turns (Web Locks), and the tab that
 * has refreshed sends the session to the others (BroadcastChannel).
 */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #now: () => number;
  readonly #channel: BroadcastChannel | null;
  #session: Session | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<Session | null> | null = null;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
    this.#channel?.addEventListener("message", (event: MessageEvent<TabMessage>) =>
      this.#onMessage(event.data),
    );
  }

  /** Renews the token when the tab becomes visible or the network returns. */
  watch(): void {
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#renewIfDue(RENEW_WHEN_VISIBLE_MS);
    });
    window.addEventListener("online", () => this.#renewIfDue(RENEW_WHEN_VISIBLE_MS));
  }

  /** Sets the session, after sign-in, sign-up or a change of the account, here and in the other tabs. */
  begin(session: Session): void {
    this.#setSession(session);
    this.#channel?.postMessage({ type: "session", session } satisfies TabMessage);
  }

  /** Ends the session here and in the other tabs. */
  end(reason: SignedOutReason): void {
    this.#clearSession(reason);
    this.#channel?.postMessage({ type: "signed-out", reason } satisfies TabMessage);
  }

  /**
   * Returns a session with a valid token; null if the session has ended.
   *
   * @param refused a token that the server refused, so that it must be replaced.
   * @throws ApiError if the server is unreachable or fails.
   */
  refresh(refused: string | null = null): Promise<Session | null> {
    this.#refreshing ??= withLock(() => this.#refreshLocked(refused)).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refreshLocked(refused: string | null): Promise<Session | null> {
    // Another tab may have sent a new token while this one waited for the lock.
    const current = this.#session;
    if (current && current.token !== refused && this.#remainingMs(current) > RENEW_BEFORE_MS) {
      return current;
    }
    try {
      const session = await this.#options.refresh();
      if (session) {
        this.begin(session);
        return session;
      }
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403)) {
        this.#schedule(RETRY_MS);
        throw error;
      }
    }
    this.end(this.#session ? "ended" : "none");
    return null;
  }

  #renewIfDue(margin: number): void {
    if (!this.#session || this.#remainingMs(this.#session) > margin) return;
    // If this fails, the page's own requests show the error.
    this.refresh(this.#session.token).catch(() => undefined);
  }

  #onMessage(message: TabMessage): void {
    if (message.type === "signed-out") {
      if (this.#session) this.#clearSession(message.reason);
    } else if (message.session.expiresAt > this.#now()) {
      this.#setSession(message.session);
    }
  }

  #setSession(session: Session): void {
    this.#session = session;
    this.#schedule(Math.max(this.#remainingMs(session) - RENEW_BEFORE_MS, RETRY_MS));
    this.#options.onSession(session);
  }

  #clearSession(reason: SignedOutReason): void {
    this.#session = null;
    clearTimeout(this.#timer);
    this.#options.onSignedOut(reason);
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    if (!this.#session) return;
    this.#timer = setTimeout(
      () => this.#renewIfDue(Number.POSITIVE_INFINITY),
      Math.min(delay, MAX_TIMER_MS),
    );
  }

  #remainingMs(session: Session): number {
    return session.expiresAt - this.#now();
  }
}

/** Runs `task` while no other tab does; without Web Locks (plain HTTP except localhost), immediately. */
async function withLock<T>(task: () => Promise<T>): Promise<T> {
  if (typeof navigator === "undefined" || !navigator.locks) return task();
  return navigator.locks.request(LOCK, task);
}
