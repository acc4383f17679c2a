/**
 * Follows one response at a time, from its request or from the thread's active run to its end,
 * and makes its events visible.
 */

import { batch } from "@preact/signals-core";
import { detached, type RunRef } from "resumable-fetch";
import type { Context } from "./context";
import { isAbort, toChatError } from "./errors";
import { applyEvent } from "./events";
import { parseEvent } from "./parse";
import type { Session } from "./session";
import type { ThreadLoader } from "./threadLoader";
import type { StreamHandlers } from "./transport";
import type { ChatError, StreamingRequest } from "./types";

/** A cancelled run says its own end; if it doesn't within this time, it is left. */
const STOP_PATIENCE_MS = 10_000;

/**
 * What to follow. The key is a message's Idempotency-Key; `onAccepted` is called before the first
 * event is applied.
 */
export type Turn =
  | { request: StreamingRequest; key: string; onAccepted?: () => void }
  | { runId: string };

/** `accepted` fails if the server refuses the request; `ended` never fails. */
export type Following = { accepted: Promise<void>; ended: Promise<void> };

export class Responder {
  private current: RunFollower | null = null;
  /** Called when a response is over that was begun here and wasn't broken. */
  onTurnEnded: (session: Session) => void = () => {};

  constructor(
    private readonly context: Context,
    private readonly loader: ThreadLoader,
  ) {}

  /** The last response broke off, and its run may go on at the server. */
  get wasLost(): boolean {
    return this.current?.isLost === true;
  }

  follow(session: Session, turn: Turn): Following {
    const follower = new RunFollower(this.context, this.loader, session, turn);
    this.current = follower;
    const ended = follower.ended.then((outcome) => {
      if (outcome === "complete" && session.isCurrent && !("runId" in turn)) {
        this.onTurnEnded(session);
      }
    });
    return { accepted: follower.accepted, ended };
  }

  /** The thread has been read anew: there is nothing more to make up for. */
  forgetLoss(): void {
    if (this.current !== null) this.current.isLost = false;
  }

  /** What is shown may be out of date: reads the items when the response is over. */
  reloadAtEnd(): void {
    this.current?.reloadAtEnd();
  }

  /** Ends the response. */
  async stop(): Promise<void> {
    await this.current?.stop();
  }
}

type Outcome = "complete" | "stopped" | "broken" | "refused";

class RunFollower {
  readonly accepted: Promise<void>;
  readonly ended: Promise<Outcome>;
  private readonly connection = new AbortController();
  private readonly isAttached: boolean;
  private accept: () => void = () => {};
  private isAccepted = false;
  /** While the items are read anew, events wait here. */
  private waiting: unknown[][] | null = null;
  private mustReload = false;
  isLost = false;
  private reloading: Promise<void> | null = null;

  constructor(
    private readonly context: Context,
    private readonly loader: ThreadLoader,
    private readonly session: Session,
    private readonly turn: Turn,
  ) {
    this.isAttached = "runId" in turn;
    context.store.isStopping.value = false;
    context.store.error.value = null;
    context.store.activeRun.value = {
      runId: "runId" in turn ? turn.runId : null,
      threadId: session.threadId,
      allowCancel: context.transport.canCancel,
      attached: this.isAttached,
    };
    session.signal.addEventListener("abort", () => this.connection.abort(detached()), {
      once: true,
      signal: this.connection.signal,
    });
    const outcome = this.read();
    this.accepted = new Promise((resolve, reject) => {
      this.accept = resolve;
      outcome.catch(reject);
    });
    // Whoever began this hears of a refusal through `accepted`.
    this.accepted.catch(() => undefined);
    this.ended = outcome.catch(() => "refused" as const);
  }

  reloadAtEnd(): void {
    this.mustReload = true;
  }

  async stop(): Promise<void> {
    const { store, transport } = this.context;
    const run = store.activeRun.peek();
    if (run === null || !this.session.isCurrent || store.isStopping.peek()) return;
    store.isStopping.value = true;
    if (run.runId === null) {
      this.connection.abort();
      return;
    }
    try {
      await transport.cancel(run.runId);
      const timer = setTimeout(() => this.connection.abort(detached()), STOP_PATIENCE_MS);
      void this.ended.finally(() => clearTimeout(timer));
    } catch (error) {
      if (!this.session.isCurrent) return;
      store.isStopping.value = false;
      this.report(error, toChatError(error));
    }
  }

  /** Reads the whole stream. Fails only if it was refused. */
  private async read(): Promise<Outcome> {
    let outcome: Outcome = "complete";
    let failure: unknown = null;
    try {
      await this.open();
      await this.settled();
    } catch (error) {
      if (!this.isAccepted) {
        this.finish();
        throw error;
      }
      outcome = isAbort(error) ? "stopped" : "broken";
      failure = error;
    }
    if (!this.isAccepted) this.noteAccepted(null); // an empty answer
    await this.reloadIfNeeded();
    this.finish();
    if (outcome === "broken" && this.session.isCurrent) {
      this.isLost = true;
      this.report(failure, { ...toChatError(failure), allowRetry: true });
    }
    return outcome;
  }

  private open(): Promise<void> {
    const { transport } = this.context;
    const handlers = this.handlers();
    return "runId" in this.turn
      ? transport.attach(this.turn.runId, handlers)
      : transport.stream(this.turn.request, this.turn.key, handlers);
  }

  private handlers(): StreamHandlers {
    const { connection } = this.context.store;
    const ifCurrent = (change: () => void) => () => {
      if (this.session.isCurrent) change();
    };
    return {
      signal: this.connection.signal,
      onAccepted: (run) => this.noteAccepted(run),
      onEvents: (events) => this.take(events),
      onReconnecting: ifCurrent(() => {
        connection.value = globalThis.navigator?.onLine === false ? "offline" : "reconnecting";
      }),
      onReconnected: ifCurrent(() => {
        connection.value = "online";
      }),
      onSnapshot: ifCurrent(() => void this.reload()),
      onExpired: () => {
        this.mustReload = true;
      },
    };
  }

  private noteAccepted(run: RunRef | null): void {
    if (this.isAccepted) return;
    this.isAccepted = true;
    // What was replayed may be older than what has been changed since; the items have the last word.
    this.mustReload = this.isAttached;
    if (this.session.isCurrent) {
      if ("request" in this.turn) this.turn.onAccepted?.();
      const { store, emitter, transport } = this.context;
      const active = store.activeRun.peek();
      if (active !== null && run !== null) {
        const threadId = run.threadId ?? active.threadId;
        store.activeRun.value = {
          ...active,
          runId: run.runId,
          threadId,
          allowCancel: transport.canCancel,
        };
        if (!this.isAttached && threadId !== null) this.context.onRun(threadId, run.runId);
      }
      emitter.emit({ type: "chatkit.response.start", detail: undefined });
    }
    this.accept();
  }

  private take(events: unknown[]): void {
    if (!this.session.isCurrent) return;
    if (this.waiting !== null) {
      this.waiting.push(events);
      return;
    }
    batch(() => {
      for (const raw of events) {
        const event = parseEvent(raw);
        if (event !== null) applyEvent(this.context, this.session, event, this.isAttached);
      }
    });
  }

  /** The server lost what it had said: reads the items, then goes on with what came meanwhile. */
  private async reload(): Promise<void> {
    if (this.waiting !== null) return;
    this.waiting = [];
    this.reloading = this.loader.load(this.session).catch((error: unknown) => {
      this.context.emitter.error(error);
      this.mustReload = true;
    });
    await this.reloading;
    const waiting = this.waiting;
    this.waiting = null;
    for (const events of waiting) this.take(events);
  }

  /** Waits until nothing that was said is held back. */
  private async settled(): Promise<void> {
    while (this.waiting !== null) await this.reloading;
  }

  private async reloadIfNeeded(): Promise<void> {
    if (!this.mustReload || !this.session.isCurrent) return;
    await this.loader
      .load(this.session)
      .catch((error: unknown) => this.context.emitter.error(error));
  }

  private finish(): void {
    this.connection.abort(detached());
    if (!this.session.isCurrent) return;
    const { store, emitter } = this.context;
    batch(() => {
      store.activeRun.value = null;
      store.isStopping.value = false;
      store.progress.value = null;
      store.connection.value = "online";
      // What a broken or stopped run left open is as done as it will be.
      store.setItems({ items: store.itemsState.items, open: new Set() });
    });
    if (this.isAccepted) emitter.emit({ type: "chatkit.response.end", detail: undefined });
  }

  private report(error: unknown, shown: ChatError): void {
    this.context.store.error.value = shown;
    this.context.emitter.error(error);
  }
}
