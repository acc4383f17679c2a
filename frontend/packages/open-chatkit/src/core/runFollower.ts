/** Follows one response to its end, from its request or from the thread's active run. */

import { batch } from "@preact/signals-core";
import { detached, type EndStatus, type RunRef } from "resumable-fetch";
import { AnswerCheck } from "./answerCheck";
import type { Context } from "./context";
import { CutOffError, isAbort, toChatError } from "./errors";
import { applyEvent, assignThreadId } from "./events";
import { parseEvent } from "./parse";
import { RevealQueue } from "./revealQueue";
import { lastIds } from "./savedFailures";
import type { Session } from "./session";
import type { ThreadLoader } from "./threadLoader";
import type { StreamHandlers } from "./transport";
import type { ChatError, StreamingRequest, ThreadStreamEvent } from "./types";

/** A cancelled run sends its end marker; the stream is closed if that takes longer than this. */
const STOP_TIMEOUT_MS = 10_000;

/**
 * A request to send, or a run to attach to. The key is a message's Idempotency-Key; `onAccepted` is
 * called before the first event is applied.
 */
export type RunSource =
  | { request: StreamingRequest; key: string; onAccepted?: () => void }
  | { runId: string };

/** The result of a response. */
export type Outcome = "complete" | "stopped" | "broken" | "refused";

export class RunFollower {
  readonly accepted: Promise<void>;
  readonly ended: Promise<Outcome>;
  /** True if the stream was interrupted and the run may continue at the server. */
  isLost = false;
  private readonly connection = new AbortController();
  private readonly isAttached: boolean;
  private accept: () => void = () => {};
  private isAccepted = false;
  /** True for a response to which other tabs can't attach. */
  private hasNoRun = false;
  /** Events held back while the items are reloaded; null otherwise. */
  private heldEvents: ThreadStreamEvent[][] | null = null;
  private readonly queue = new RevealQueue(
    (events) => this.applyEvents(events),
    () => this.context.store.revealsGradually.peek(),
  );
  private mustReload = false;
  private reloading: Promise<void> | null = null;
  private readonly answer: AnswerCheck | null;
  /** The outcome of the run; null for servers without runs. */
  private endStatus: EndStatus | null = null;
  private hasStarted = false;

  constructor(
    private readonly context: Context,
    private readonly loader: ThreadLoader,
    private readonly session: Session,
    private readonly source: RunSource,
  ) {
    this.isAttached = "runId" in source;
    this.answer = "request" in source ? new AnswerCheck(source.request.type) : null;
    if (!this.isAttached) this.emitStart();
    context.store.isStopping.value = false;
    context.store.error.value = null;
    // A run that was started elsewhere doesn't settle this tab's undelivered message.
    if (!this.isAttached) context.failures.drop(session.threadId);
    context.store.activeRun.value = {
      runId: "runId" in source ? source.runId : null,
      threadId: session.threadId,
      // Any request can be aborted. `stream_options` can forbid it.
      allowCancel: true,
      attached: this.isAttached,
    };
    session.signal.addEventListener("abort", () => this.detach(), {
      once: true,
      signal: this.connection.signal,
    });
    const outcome = this.read();
    this.accepted = new Promise((resolve, reject) => {
      this.accept = resolve;
      outcome.catch(reject);
    });
    // The caller handles a rejection through `accepted`.
    this.accepted.catch(() => undefined);
    this.ended = outcome.catch(() => "refused" as const);
  }

  /** Reloads the items at the end, because they may be out of date. */
  reloadAtEnd(): void {
    this.mustReload = true;
  }

  /** Cancels the run. The text so far stays; a request without a response yet is aborted at once. */
  async stop(): Promise<void> {
    const { store, transport } = this.context;
    if (store.activeRun.peek() === null || !this.session.isCurrent || store.isStopping.peek()) {
      return;
    }
    store.isStopping.value = true;
    const timer = setTimeout(() => this.connection.abort(), STOP_TIMEOUT_MS);
    void this.ended.finally(() => clearTimeout(timer));
    const runId = store.activeRun.peek()?.runId ?? null;
    if (runId === null) {
      // The fetch cancels the run that a late response names.
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

  /** Detaches from the run, after the request was accepted: an aborted request could be lost. */
  private detach(): void {
    const abort = () => this.connection.abort(detached());
    this.emitEnd();
    if (this.isAttached || this.isAccepted) abort();
    else void this.accepted.then(abort, abort);
  }

  /** Reads the whole stream. Rejects only if the request was rejected. */
  private async read(): Promise<Outcome> {
    let outcome: Outcome = "complete";
    let failure: unknown = null;
    try {
      const { transport } = this.context;
      const handlers = this.handlers();
      await ("runId" in this.source
        ? transport.attach(this.source.runId, handlers)
        : transport.stream(this.source.request, this.source.key, handlers));
      await this.drainHeldEvents();
    } catch (error) {
      if (!this.isAccepted) {
        this.finish();
        throw error;
      }
      this.queue.flush();
      // The page's own fetch may abort, too, for example after a time limit.
      outcome = isAbort(error) && this.connection.signal.aborted ? "stopped" : "broken";
      failure = error;
    }
    if (!this.isAccepted) this.markAccepted(null); // an empty response
    await this.reloadIfNeeded();
    const { store } = this.context;
    const isCancelledElsewhere = this.endStatus === "cancelled" && !store.isStopping.peek();
    if (outcome === "complete" && (store.isStopping.peek() || isCancelledElsewhere)) {
      outcome = "stopped";
    }
    if (outcome === "complete" && (this.wasCutOff() || this.isUnanswered())) {
      outcome = "broken";
      failure = new CutOffError("The stream ended before the response was complete.");
    }
    // An unconfirmed message returns to the composer; the last item is an earlier response.
    const isConfirmed = this.session.isCurrent && store.pending.peek() === null;
    if (outcome === "stopped" && isConfirmed) {
      if (isCancelledElsewhere) await this.loader.loadStopMark(this.session);
      else this.context.stops.markLast("stopped");
    }
    this.finish();
    if (outcome === "broken" && this.session.isCurrent) {
      this.isLost = true;
      this.report(failure, { ...toChatError(failure), allowRetry: true });
    }
    this.saveError(failure);
    return outcome;
  }

  /** Returns whether the stream has ended, without an error event, before its last item is done. */
  private wasCutOff(): boolean {
    const { itemsState, error } = this.context.store;
    if (!this.session.isCurrent || error.peek() !== null) return false;
    const { items, open } = itemsState;
    const last = items.findLast((item) => item.type !== "end_of_turn");
    return items.some(
      (item) => open.has(item.id) && (item === last || item.type === "assistant_message"),
    );
  }

  /** Returns whether the stream has ended, without an error, before any response. */
  private isUnanswered(): boolean {
    const { itemsState, error } = this.context.store;
    // Reloaded items may contain what the stream has lost.
    if (!this.session.isCurrent || this.mustReload || error.peek() !== null) return false;
    return this.answer?.isMissing(itemsState.items) ?? false;
  }

  /** Keeps the response's error over a reload, unless its run may complete at the server. */
  private saveError(failure: unknown): void {
    const { store, failures, transport } = this.context;
    const error = store.error.peek();
    const { threadId } = this.session;
    if (!this.session.isCurrent || error === null || threadId === null) return;
    if (this.isLost && transport.hasRuns && !(failure instanceof CutOffError)) return;
    failures.save(threadId, { error, message: null, after: lastIds(store.itemsState.items) });
  }

  private handlers(): StreamHandlers {
    const { connection } = this.context.store;
    const ifCurrent = (change: () => void) => () => {
      if (this.session.isCurrent) change();
    };
    return {
      signal: this.connection.signal,
      onAccepted: (run) => this.markAccepted(run),
      onEvents: (events) => this.queue.add(events.flatMap((raw) => parseEvent(raw) ?? [])),
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
      onEnd: (_, status) => {
        this.endStatus = status;
      },
    };
  }

  private markAccepted(run: RunRef | null): void {
    if (this.isAccepted) return;
    this.isAccepted = true;
    this.hasNoRun = run === null && !this.isAttached;
    // A replay may be older than later changes to the items, so reload them at the end.
    this.mustReload ||= this.isAttached;
    if (this.session.isCurrent) {
      if ("request" in this.source) this.source.onAccepted?.();
      else this.emitStart();
      if (run !== null) this.recordRun(run);
    }
    this.accept();
  }

  private recordRun({ runId, threadId }: RunRef): void {
    const { store } = this.context;
    // Set now, so that the run can be found again even if no event arrives.
    if (threadId !== null) assignThreadId(this.context, this.session, threadId);
    const active = store.activeRun.peek();
    if (active === null) return;
    store.activeRun.value = { ...active, runId };
    if (!this.isAttached && threadId !== null) this.context.onRun(threadId, runId);
  }

  private applyEvents(events: ThreadStreamEvent[]): void {
    if (!this.session.isCurrent) return;
    if (this.heldEvents !== null) {
      this.heldEvents.push(events);
      return;
    }
    batch(() => {
      for (const event of events) {
        this.answer?.add(event);
        applyEvent(this.context, this.session, event, this.isAttached);
      }
    });
    const { threadId } = this.session;
    if (threadId !== null && this.hasNoRun) this.context.onEvents(threadId, events);
  }

  /** Reloads the items after the server lost its log, then applies the events held back. */
  private async reload(): Promise<void> {
    if (this.heldEvents !== null) return;
    this.heldEvents = [];
    this.reloading = this.loader.load(this.session).catch((error: unknown) => {
      this.context.emitter.error(error);
      this.mustReload = true;
    });
    await this.reloading;
    const held = this.heldEvents;
    this.heldEvents = null;
    for (const events of held) this.applyEvents(events);
  }

  /** Waits until no event is held back. */
  private async drainHeldEvents(): Promise<void> {
    this.queue.flush();
    while (this.heldEvents !== null) await this.reloading;
  }

  private async reloadIfNeeded(): Promise<void> {
    if (!this.mustReload || !this.session.isCurrent) return;
    await this.loader
      .load(this.session)
      .catch((error: unknown) => this.context.emitter.error(error));
  }

  private finish(): void {
    this.connection.abort(detached());
    const { threadId } = this.session;
    if (threadId !== null && this.hasNoRun) this.context.onChange(threadId);
    if (!this.session.isCurrent) return;
    const { store } = this.context;
    batch(() => {
      store.activeRun.value = null;
      store.isStopping.value = false;
      store.progress.value = null;
      store.connection.value = "online";
      // Items that an interrupted or stopped run left open won't change any more.
      store.setItems({ items: store.itemsState.items, open: new Set() });
    });
    this.emitEnd();
  }

  private emitStart(): void {
    this.hasStarted = true;
    this.context.emitter.emit({ type: "chatkit.response.start", detail: undefined });
  }

  /** Emits the end of the response once: here it also ends when another thread is opened. */
  private emitEnd(): void {
    if (!this.hasStarted) return;
    this.hasStarted = false;
    this.context.emitter.emit({ type: "chatkit.response.end", detail: undefined });
  }

  private report(error: unknown, shown: ChatError): void {
    this.context.store.error.value = shown;
    this.context.emitter.error(error);
  }
}
