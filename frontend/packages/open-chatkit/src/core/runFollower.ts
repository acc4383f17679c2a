/** Follows one response, from its request or from the thread's active run to its end. */

import { batch } from "@preact/signals-core";
import { detached, type RunRef } from "resumable-fetch";
import { AnimationFrameQueue } from "./animationFrameQueue";
import type { Context } from "./context";
import { isAbort, toChatError } from "./errors";
import { applyEvent, nameThread } from "./events";
import { parseEvent } from "./parse";
import type { Session } from "./session";
import type { ThreadLoader } from "./threadLoader";
import type { StreamHandlers } from "./transport";
import type { ChatError, StreamingRequest } from "./types";

/** A cancelled run says its own end; if it doesn't within this time, the stream is closed. */
const STOP_PATIENCE_MS = 10_000;

/**
 * What to follow. The key is a message's Idempotency-Key; `onAccepted` is called before the first
 * event is applied.
 */
export type Turn =
  | { request: StreamingRequest; key: string; onAccepted?: () => void }
  | { runId: string };

/** How a response was over. */
export type Outcome = "complete" | "stopped" | "broken" | "refused";

export class RunFollower {
  readonly accepted: Promise<void>;
  readonly ended: Promise<Outcome>;
  /** It broke off, and its run may go on at the server. */
  isLost = false;
  private readonly connection = new AbortController();
  private readonly isAttached: boolean;
  private accept: () => void = () => {};
  private isAccepted = false;
  /** While the items are read anew, events wait here. */
  private waiting: unknown[][] | null = null;
  private readonly queue = new AnimationFrameQueue<unknown>((events) => this.take(events));
  private mustReload = false;
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
    session.signal.addEventListener("abort", () => this.leave(), {
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

  /** What is shown may be out of date: reads the items at the end. */
  reloadAtEnd(): void {
    this.mustReload = true;
  }

  /** Ends the run. What was said stays. */
  async stop(): Promise<void> {
    const { store, transport } = this.context;
    if (store.activeRun.peek() === null || !this.session.isCurrent || store.isStopping.peek()) {
      return;
    }
    store.isStopping.value = true;
    const timer = setTimeout(() => this.connection.abort(), STOP_PATIENCE_MS);
    void this.ended.finally(() => clearTimeout(timer));
    // A message on its way first arrives, or it would be in the thread and in the composer.
    if (transport.canCancel) await this.accepted.catch(() => undefined);
    const runId = store.activeRun.peek()?.runId ?? null;
    if (runId === null || !this.session.isCurrent) {
      this.connection.abort();
      return;
    }
    try {
      await transport.cancel(runId);
    } catch (error) {
      clearTimeout(timer);
      if (!this.session.isCurrent) return;
      store.isStopping.value = false;
      this.report(error, toChatError(error));
    }
  }

  /** Stops watching. A request on its way arrives first: it would be lost without a trace. */
  private leave(): void {
    const leave = () => this.connection.abort(detached());
    if (this.isAttached || this.isAccepted) leave();
    else void this.accepted.then(leave, leave);
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
      this.queue.flush();
      outcome = isAbort(error) ? "stopped" : "broken";
      failure = error;
    }
    if (!this.isAccepted) this.noteAccepted(null); // an empty answer
    await this.reloadIfNeeded();
    if (outcome === "complete" && this.context.store.isStopping.peek()) outcome = "stopped";
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
      onEvents: (events) => this.queue.add(events),
      onReconnecting: ifCurrent(() => {
        connection.value = globalThis.navigator?.onLine === false ? "offline" : "reconnecting";
      }),
      onReconnected: ifCurrent(() => {
        connection.value = "online";
      }),
      onSnapshot: ifCurrent(() => {
        this.queue.flush();
        void this.reload();
      }),
      onExpired: () => {
        this.mustReload = true;
      },
    };
  }

  private noteAccepted(run: RunRef | null): void {
    if (this.isAccepted) return;
    this.isAccepted = true;
    // What was replayed may be older than what has been changed since; the items have the last word.
    this.mustReload ||= this.isAttached;
    if (this.session.isCurrent) {
      if ("request" in this.turn) this.turn.onAccepted?.();
      this.context.emitter.emit({ type: "chatkit.response.start", detail: undefined });
      if (run !== null) this.noteRun(run);
    }
    this.accept();
  }

  private noteRun({ runId, threadId }: RunRef): void {
    const { store, transport } = this.context;
    // Known from now on, so that the run can be found again even if nothing more arrives.
    if (threadId !== null) nameThread(this.context, this.session, threadId);
    const active = store.activeRun.peek();
    if (active === null) return;
    store.activeRun.value = { ...active, runId, allowCancel: transport.canCancel };
    if (!this.isAttached && threadId !== null) this.context.onRun(threadId, runId);
  }

  private take(events: unknown[]): void {
    if (!this.session.isCurrent) return;
    if (this.waiting !== null) {
      this.waiting.push(events);
      return;
    }
    batch(() => {
      for (const raw of events) this.takeOne(raw);
    });
  }

  /** Applies an event. One that fails is logged, and those after it still count. */
  private takeOne(raw: unknown): void {
    try {
      const event = parseEvent(raw);
      if (event !== null) applyEvent(this.context, this.session, event, this.isAttached);
    } catch (error) {
      this.context.emitter.log("event.failed", { event: raw, error: String(error) });
    }
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
    this.queue.flush();
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
