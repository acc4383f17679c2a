/** Opens threads and keeps the open thread current. */

import { batch } from "@preact/signals-core";
import type { ClientTools } from "./clientTools";
import type { ComposerCore } from "./composer";
import type { Context } from "./context";
import { toChatError } from "./errors";
import { applyEvent } from "./events";
import type { HistoryCore } from "./history";
import type { Responder } from "./responder";
import { Session } from "./session";
import type { TabMessage } from "./tabChannel";
import type { ThreadLoader } from "./threadLoader";
import type { Turns } from "./turns";
import type { ThreadStreamEvent } from "./types";

/** Minimum interval between refreshes when the page becomes visible. */
const REFRESH_INTERVAL_MS = 30_000;

type Parts = {
  composer: ComposerCore;
  loader: ThreadLoader;
  turns: Turns;
  tools: ClientTools;
  responder: Responder;
  history: HistoryCore;
};

export class Navigation {
  private readonly listeners = new AbortController();
  private refreshedAt = 0;

  constructor(
    private readonly context: Context,
    private readonly parts: Parts,
  ) {
    const { signal } = this.listeners;
    globalThis.document?.addEventListener("visibilitychange", () => this.refreshIfStale(), {
      signal,
    });
    globalThis.addEventListener?.("online", () => this.refreshIfStale(true), { signal });
  }

  /** Opens `initialThread`, unless a thread is open. */
  start(): void {
    const threadId = this.context.options.initialThread;
    if (!threadId && !this.parts.turns.isBusy) this.parts.turns.showUnsent(this.context.session);
    if (threadId && this.context.session.threadId === null && !this.listeners.signal.aborted) {
      void this.load(this.enter(threadId));
    }
  }

  /** Switches to another thread, or to the new thread view for null. */
  enter(threadId: string | null): Session {
    const left = this.context.session;
    left.leave();
    this.context.session = new Session(threadId);
    this.context.store.reset(threadId);
    this.parts.composer.switchThread(left.threadId, threadId);
    this.parts.turns.showUnsent(this.context.session);
    return this.context.session;
  }

  async openThread(threadId: string): Promise<void> {
    if (threadId === this.context.session.threadId) {
      await this.fetchUpdates();
      return;
    }
    const session = this.enter(threadId);
    this.context.emitter.emit({ type: "chatkit.thread.change", detail: { threadId } });
    await this.load(session);
  }

  newThread(): void {
    const wasThread = this.context.session.threadId !== null;
    this.enter(null);
    if (!wasThread) return;
    this.context.emitter.emit({ type: "chatkit.thread.change", detail: { threadId: null } });
  }

  async loadMore(): Promise<void> {
    const { session, emitter } = this.context;
    try {
      await this.parts.loader.loadOlder(session);
    } catch (error) {
      emitter.error(error);
      if (!session.isCurrent) return;
      this.context.showFailure(toChatError(error), () => this.loadMore());
    }
  }

  /** Reloads the thread and the history; while a response streams, the thread at its end. */
  async fetchUpdates(): Promise<void> {
    const { session, store } = this.context;
    if (this.parts.history.threads.peek() !== null) void this.parts.history.load();
    if (store.activeRun.peek() !== null) {
      this.parts.responder.reloadAtEnd();
    } else if (!store.isLoading.peek()) {
      this.refreshedAt = Date.now();
      await this.parts.turns.syncThread(session, true);
    }
  }

  runTools(session: Session): void {
    this.parts.tools.runPending(session).catch((error: unknown) => {
      // The request's error is already shown.
      this.context.emitter.log("tool.failed", { message: String(error) });
    });
  }

  onTabMessage(message: TabMessage): void {
    const { session } = this.context;
    const isShown = message.threadId === session.threadId;
    const isIdle = !this.parts.turns.isBusy;
    if (isShown && message.type !== "events") this.context.stops.reload();
    if (message.type === "run" && isShown && isIdle) {
      this.parts.turns.attachToOtherTab(session, message.runId);
    } else if (message.type === "events") {
      if (isShown && isIdle) this.showEvents(session, message.events);
      return;
    } else if (message.type === "changed" && isShown) {
      if (isIdle) void this.parts.turns.syncThread(session);
      else this.parts.responder.reloadAtEnd();
    } else if (message.type === "removed" && isShown) {
      this.newThread();
    }
    if (message.type === "removed") {
      this.parts.composer.dropDraft(message.threadId);
      this.parts.turns.forgetUnsent(message.threadId);
    }
    const known = this.parts.history.threads.peek();
    if (known === null) return;
    const isNew = !known.some((thread) => thread.id === message.threadId);
    if (message.type !== "run" || isNew) void this.parts.history.load();
  }

  /** Shows what another tab receives. Effects and errors are its own; an unsent message is ours. */
  private showEvents(session: Session, events: readonly ThreadStreamEvent[]): void {
    const { pending } = this.context.store;
    const unsent = pending.peek();
    // The server stores an item when it is complete: a refresh would drop its text so far.
    this.refreshedAt = Date.now();
    batch(() => {
      for (const event of events) {
        if (event.type.startsWith("thread.")) applyEvent(this.context, session, event, true);
      }
      pending.value = unsent;
    });
  }

  dispose(): void {
    this.listeners.abort();
  }

  private async load(session: Session): Promise<void> {
    const { store, emitter } = this.context;
    const { threadId } = session;
    if (threadId === null) return;
    store.isLoading.value = true;
    emitter.emit({ type: "chatkit.thread.load.start", detail: { threadId } });
    let runId: string | null = null;
    let isLoaded = false;
    try {
      runId = await this.parts.loader.loadWithRun(session, false);
      isLoaded = true;
    } catch (error) {
      if (session.isCurrent) {
        this.context.showFailure(toChatError(error), () => this.load(session));
        emitter.error(error);
      }
    }
    if (!session.isCurrent) return;
    this.refreshedAt = Date.now();
    store.isLoading.value = false;
    emitter.emit({ type: "chatkit.thread.load.end", detail: { threadId } });
    if (!isLoaded) return;
    if (runId === null) {
      this.parts.turns.showSavedError(session);
      this.runTools(session);
    } else void this.parts.turns.attach(session, runId);
  }

  /** Refreshes the thread when the page becomes visible or online, if it may be out of date. */
  private refreshIfStale(isOnline = false): void {
    const { session, store } = this.context;
    const wasLost = store.error.peek()?.kind === "unreachable";
    const isDue = Date.now() - this.refreshedAt > REFRESH_INTERVAL_MS || (isOnline && wasLost);
    const isVisible = globalThis.document?.visibilityState !== "hidden";
    if (!isVisible || !isDue || session.threadId === null || this.parts.turns.isBusy) return;
    if (store.pending.peek() !== null) return;
    this.refreshedAt = Date.now();
    void this.parts.turns.syncThread(session);
  }
}
