import { ApiError } from "@/lib/problem";
import type { Session } from "@/lib/session";

/** How a session came to its end, or why there is none. */
export type SignedOutReason = "none" | "chosen" | "ended";

/** What tabs tell each other. */
type TabMessage =
  | { type: "session"; session: Session }
  | { type: "signed-out"; reason: SignedOutReason };

/** What the keeper needs of its surroundings. */
export interface KeeperParts {
  /** Trades the refresh cookie for a session; null if there is no cookie. */
  refresh: () => Promise<Session | null>;
  onSession: (session: Session) => void;
  onSignedOut: (reason: SignedOutReason) => void;
  now?: () => number;
}

const CHANNEL = "todochat.session";
const LOCK = "todochat.refresh";
/** A token is renewed when it has less than this left. */
const RENEW_BEFORE_MS = 60_000;
/** A tab that comes to the front renews earlier: its timers may have slept. */
const RENEW_ON_RETURN_MS = 120_000;
const RETRY_MS = 5_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps one browser's session alive over all its tabs.
 *
 * The refresh cookie is one per browser and rotates, so tabs take turns (Web Locks), and whoever
 * has refreshed gives the result to the others (BroadcastChannel).
 */
export class SessionKeeper {
  readonly #parts: KeeperParts;
  readonly #now: () => number;
  readonly #channel: BroadcastChannel | null;
  #session: Session | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<Session | null> | null = null;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    this.#channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
    this.#channel?.addEventListener("message", (event: MessageEvent<TabMessage>) =>
      this.#hear(event.data),
    );
  }

  /** Listens for the tab's return and for the network's. */
  watch(): void {
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#renewIfDue(RENEW_ON_RETURN_MS);
    });
    window.addEventListener("online", () => this.#renewIfDue(RENEW_ON_RETURN_MS));
  }

  /** A session that this tab has just got by sign-in or sign-up. */
  begin(session: Session): void {
    this.#take(session);
    this.#tell({ type: "session", session });
  }

  /** The account as it is now; other tabs hear of it. */
  update(session: Session): void {
    this.begin(session);
  }

  /** Forgets the session here and in the other tabs. */
  end(reason: SignedOutReason): void {
    this.#drop(reason);
    this.#tell({ type: "signed-out", reason });
  }

  /**
   * Returns a session with a fresh token, null when there is none any more.
   *
   * @param refused a token the server would not take, so that one is not good enough.
   * @throws ApiError when it can't be known: offline, or the server has trouble.
   */
  refresh(refused: string | null = null): Promise<Session | null> {
    this.#refreshing ??= withLock(() => this.#refreshInTurn(refused)).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refreshInTurn(refused: string | null): Promise<Session | null> {
    // While this tab waited for its turn another one may have brought a new token.
    const current = this.#session;
    if (current && current.token !== refused && this.#left(current) > RENEW_BEFORE_MS) {
      return current;
    }
    try {
      const session = await this.#parts.refresh();
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
    if (!this.#session || this.#left(this.#session) > margin) return;
    // What the person came back to see will itself say if this fails.
    this.refresh(this.#session.token).catch(() => undefined);
  }

  #hear(message: TabMessage): void {
    if (message.type === "signed-out") {
      if (this.#session) this.#drop(message.reason);
    } else if (message.session.expiresAt > this.#now()) {
      this.#take(message.session);
    }
  }

  #take(session: Session): void {
    this.#session = session;
    this.#schedule(Math.max(this.#left(session) - RENEW_BEFORE_MS, RETRY_MS));
    this.#parts.onSession(session);
  }

  #drop(reason: SignedOutReason): void {
    this.#session = null;
    clearTimeout(this.#timer);
    this.#parts.onSignedOut(reason);
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    if (!this.#session) return;
    this.#timer = setTimeout(
      () => this.#renewIfDue(Number.POSITIVE_INFINITY),
      Math.min(delay, MAX_TIMER_MS),
    );
  }

  #left(session: Session): number {
    return session.expiresAt - this.#now();
  }

  #tell(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}

/** Runs `task` when no other tab does; without Web Locks (plain http to a name) at once. */
async function withLock<T>(task: () => Promise<T>): Promise<T> {
  if (typeof navigator === "undefined" || !navigator.locks) return task();
  return navigator.locks.request(LOCK, task);
}
