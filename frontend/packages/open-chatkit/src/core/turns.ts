/** Everything that makes the assistant respond: messages, retries, actions, answers. */

import type { ComposerCore } from "./composer";
import type { Context } from "./context";
import { isAbort, RequestError, toChatError } from "./errors";
import {
  isEmptyMessage,
  messageOfDraft,
  messageOfParams,
  newKey,
  pendingOf,
  requestOf,
} from "./messages";
import type { Responder } from "./responder";
import type { Session } from "./session";
import type { ThreadLoader } from "./threadLoader";
import type {
  ChatError,
  Draft,
  PendingMessage,
  SendParams,
  SendResult,
  StreamingRequest,
} from "./types";

/** A message that isn't known to have arrived. */
type Unsent = {
  request: StreamingRequest;
  pending: PendingMessage;
  /** Null if the page sent it, not the composer. */
  draft: Draft | null;
  /** What went wrong; null while it is on its way. */
  error: ChatError | null;
};

/** Something can't be done while a thread is loading or a response is under way. */
export class BusyError extends Error {
  override name = "BusyError";
}

export class Turns {
  /** What didn't arrive, by thread; null is the new thread view. */
  private readonly unsent = new Map<string | null, Unsent>();

  constructor(
    private readonly context: Context,
    private readonly composer: ComposerCore,
    private readonly responder: Responder,
    private readonly loader: ThreadLoader,
  ) {}

  get isBusy(): boolean {
    const { store } = this.context;
    return store.isLoading.peek() || store.isResponding.peek();
  }

  /** Sends what is given, or what the composer holds. */
  async send(params?: SendParams): Promise<SendResult> {
    if (this.isBusy) return "busy";
    if (params === undefined && !this.composer.canSend.peek()) return "failed";
    const draft = params === undefined ? this.composer.take() : null;
    const said =
      draft === null ? messageOfParams(params ?? {}) : messageOfDraft(this.withPreselected(draft));
    if (isEmptyMessage(said)) return "failed";
    const { session } = this.context;
    this.giveUp(session.threadId);
    const pending = pendingOf(said, newKey());
    const request = requestOf(said, session.threadId);
    return this.deliver({ request, pending, draft, error: null });
  }

  /** Shows again what didn't arrive in a thread. */
  showUnsent({ threadId }: Session): void {
    const unsent = this.unsent.get(threadId);
    if (unsent === undefined || unsent.error === null) return;
    this.context.store.pending.value = { ...unsent.pending, status: "failed" };
    this.context.store.error.value = unsent.error;
  }

  /** Gives up a message that didn't arrive; its words go back to where they were written. */
  dismiss(): void {
    const { store, session } = this.context;
    store.error.value = null;
    if (store.pending.peek()?.status !== "failed") return;
    store.pending.value = null;
    this.giveUp(session.threadId);
  }

  /** Forgets what didn't arrive: in a thread that is gone, or all of another person's. */
  forget(threadId?: string): void {
    if (threadId === undefined) this.unsent.clear();
    else this.unsent.delete(threadId);
  }

  /** Sends a message that didn't arrive again, else says a turn anew. */
  async retry(itemId?: string): Promise<void> {
    const { session } = this.context;
    if (this.isBusy) throw new BusyError("Wait for the response, or stop it.");
    const unsent = this.unsent.get(session.threadId);
    if (unsent !== undefined && unsent.error !== null && itemId === undefined) {
      await this.deliver({ ...unsent, error: null });
      return;
    }
    if (this.responder.wasLost && itemId === undefined) {
      await this.goOn(session);
      return;
    }
    await this.sayAnew(session, itemId);
  }

  /** Shows what the server has, and goes along with the run that is active there. */
  async goOn(session: Session): Promise<void> {
    const { transport, store } = this.context;
    if (session.threadId === null) return;
    try {
      // First the run, then the items: a run that ends in between is in the items.
      const runId = await transport.findRun(session.threadId);
      await this.loader.load(session);
      if (!session.isCurrent || store.activeRun.peek() !== null) return;
      store.error.value = null;
      this.responder.forgetLoss();
      if (runId !== null) this.attach(session, runId);
    } catch (error) {
      if (session.isCurrent) this.fail(error);
    }
  }

  /** Goes along with a run that was begun elsewhere. */
  attach(session: Session, runId: string): void {
    const { accepted } = this.responder.follow(session, { runId });
    accepted.catch(async (error: unknown) => {
      if (!session.isCurrent || isAbort(error)) return;
      const isGone = error instanceof RequestError && [404, 410].includes(error.status);
      if (!isGone) {
        this.fail(error);
        return;
      }
      // It has ended, and its log too: the items have what it said.
      await this.loader.load(session).catch((failure: unknown) => this.fail(failure));
    });
  }

  /** Begins a response by any other request; a busy thread's own run is shown instead. */
  async begin(
    session: Session,
    request: StreamingRequest,
    onAccepted: () => void = () => {},
  ): Promise<void> {
    const { accepted } = this.responder.follow(session, { request, key: newKey(), onAccepted });
    try {
      await accepted;
    } catch (error) {
      if (!session.isCurrent || isAbort(error)) return;
      if (await this.attachInstead(session, error)) return;
      this.fail(error);
      throw error;
    }
  }

  private async deliver(unsent: Unsent): Promise<SendResult> {
    const { session, store, transport } = this.context;
    const { request, draft } = unsent;
    const { id: key } = unsent.pending;
    const begunIn = session.threadId;
    store.pending.value = { ...unsent.pending, status: "sending" };
    this.unsent.set(begunIn, unsent);
    const isMine = () => session.isCurrent && store.pending.peek()?.id === key;
    const { accepted, ended } = this.responder.follow(session, { request, key });
    // Servers say the message back; for one that doesn't, the response's end will do.
    void ended.then(() => {
      if (isMine() && store.pending.peek()?.status === "sending") store.pending.value = null;
    });
    try {
      await accepted;
    } catch (error) {
      if (transport === this.context.transport) return this.notDelivered(session, unsent, error);
      // Another person is there by now, who mustn't read it.
      if (draft !== null) this.composer.letGo(draft);
      this.context.emitter.error(error);
      return "failed";
    }
    this.settle(begunIn, key);
    if (draft !== null) this.composer.letGo(draft);
    const shown = this.context.session;
    // The reader has been elsewhere and is back: the answer wasn't there yet.
    if (shown !== session && begunIn !== null && shown.threadId === begunIn && !this.isBusy) {
      void this.goOn(shown);
    }
    return "sent";
  }

  private async notDelivered(
    session: Session,
    unsent: Unsent,
    error: unknown,
  ): Promise<SendResult> {
    const { store, emitter } = this.context;
    const { pending, draft } = unsent;
    const { threadId } = session;
    const shown = toChatError(error);
    const mayBeRetried = shown.allowRetry && !isThreadBusy(error) && !isAbort(error);
    if (mayBeRetried && this.unsent.get(threadId)?.pending.id === pending.id) {
      this.unsent.set(threadId, { ...unsent, error: shown });
    } else {
      // Definitely rejected; restore the draft.
      this.settle(threadId, pending.id);
      if (store.pending.peek()?.id === pending.id) store.pending.value = null;
      if (draft !== null) this.composer.putBack(draft, threadId);
    }
    if (!session.isCurrent) {
      emitter.error(error);
      if (this.context.session.threadId === threadId && !this.isBusy) {
        this.showUnsent(this.context.session);
      }
      return "failed";
    }
    if (isAbort(error)) return "failed";
    if (await this.attachInstead(session, error)) return "busy";
    if (mayBeRetried) store.pending.value = { ...pending, status: "failed" };
    this.fail(error);
    if (error instanceof RequestError && error.code === "thread-locked") {
      await this.loader.load(session).catch(() => undefined); // the refusal is shown already
    }
    return "failed";
  }

  /** What didn't arrive and won't be sent again goes back to where it was written. */
  private giveUp(threadId: string | null): void {
    const unsent = this.unsent.get(threadId);
    if (unsent === undefined || unsent.error === null) return; // on its way, it may still arrive
    this.unsent.delete(threadId);
    if (unsent.draft !== null) this.composer.putBack(unsent.draft, threadId);
  }

  /** A message has its end, one way or the other. */
  private settle(threadId: string | null, key: string): void {
    if (this.unsent.get(threadId)?.pending.id === key) this.unsent.delete(threadId);
  }

  /** If a run is in the way, shows it; tells whether one was. */
  private async attachInstead(session: Session, error: unknown): Promise<boolean> {
    if (!isThreadBusy(error)) return false;
    const { emitter } = this.context;
    emitter.log("thread.busy", { runId: error.runId });
    if (error.runId !== null) this.attach(session, error.runId);
    else await this.goOn(session);
    return true;
  }

  /** The model that is preselected counts as chosen. */
  private withPreselected(draft: Draft): Draft {
    const preselected = this.context.options.composer?.models?.find((model) => model.default);
    return { ...draft, modelId: draft.modelId ?? preselected?.id ?? null };
  }

  private async sayAnew(session: Session, itemId: string | undefined): Promise<void> {
    const { store } = this.context;
    const { items } = store.itemsState;
    const from = itemId === undefined ? items.length - 1 : items.findIndex((i) => i.id === itemId);
    const index = items.findLastIndex((item, at) => at <= from && item.type === "user_message");
    const message = items[index];
    if (message === undefined || session.threadId === null) return;
    const params = { thread_id: session.threadId, item_id: message.id };
    await this.begin(session, { type: "threads.retry_after_item", params }, () => {
      // The server deletes what came after the message, and says nothing of it.
      const kept = store.itemsState.items.slice(0, index + 1);
      store.setItems({ items: kept, open: new Set() });
    });
  }

  private fail(error: unknown): void {
    this.context.store.error.value = toChatError(error);
    this.context.emitter.error(error);
  }
}

function isThreadBusy(error: unknown): error is RequestError {
  return error instanceof RequestError && error.code === "thread-busy";
}
