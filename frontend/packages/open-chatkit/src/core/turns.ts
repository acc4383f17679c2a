/** Starts responses: messages, retries, actions and answers. */

import type { ComposerCore } from "./composer";
import type { Context } from "./context";
import { isAbort, RequestError, toChatError } from "./errors";
import {
  isEmptyMessage,
  messageOfDraft,
  messageOfParams,
  messageRequest,
  newIdempotencyKey,
  pendingMessage,
} from "./messages";
import type { Responder } from "./responder";
import type { Outcome } from "./runFollower";
import { lastIds, type SavedFailure } from "./savedFailures";
import type { Session } from "./session";
import type { ThreadLoader } from "./threadLoader";
import type {
  ChatError,
  Draft,
  PendingMessage,
  SendParams,
  SendResult,
  StreamingRequest,
  ThreadItem,
} from "./types";

/** A message whose delivery isn't confirmed. */
type Unsent = {
  request: StreamingRequest;
  pending: PendingMessage;
  /** Null if the page sent it rather than the composer. */
  draft: Draft | null;
  /** The last failure; null while the request is in progress. */
  error: ChatError | null;
};

/** The operation isn't possible while a thread is loading or a response is in progress. */
export class BusyError extends Error {
  override name = "BusyError";
}

export class Turns {
  /** Undelivered messages by thread; the key null is the new thread view. */
  private readonly unsent = new Map<string | null, Unsent>();

  /** Threads whose rejected message is back in the composer; a reload restores it once. */
  private readonly rejectedIn = new Set<string | null>();

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

  /** Sends the given message, or the composer's draft. */
  async send(params?: SendParams): Promise<SendResult> {
    if (this.isBusy) return "busy";
    if (params === undefined && !this.composer.canSend.peek()) return "failed";
    const draft = params === undefined ? this.composer.takeDraft() : null;
    const message =
      draft === null
        ? messageOfParams(params ?? {})
        : messageOfDraft({ ...draft, modelId: this.composer.selectedModel() });
    if (isEmptyMessage(message)) return "failed";
    const { session } = this.context;
    this.restoreUnsent(session.threadId);
    const pending = pendingMessage(message, newIdempotencyKey());
    const request = messageRequest(message, session.threadId);
    return this.deliver({ request, pending, draft, error: null });
  }

  /** Shows a thread's undelivered message again, also after a reload of the page. */
  showUnsent({ threadId }: Session): void {
    const saved = this.context.failures.read(threadId);
    if (saved?.message && !this.unsent.has(threadId)) {
      this.unsent.set(threadId, { ...saved.message, error: saved.error });
    }
    if (saved?.rejected && !this.rejectedIn.has(threadId)) {
      this.rejectedIn.add(threadId);
      this.composer.restoreDraft(saved.rejected, threadId);
      this.context.store.error.value = saved.error;
    }
    const unsent = this.unsent.get(threadId);
    if (unsent === undefined || unsent.error === null) return;
    this.context.store.pending.value = { ...unsent.pending, status: "failed" };
    this.context.store.error.value = unsent.error;
  }

  /** Shows the error of a loaded thread's last response again, after a reload of the page. */
  showSavedError(session: Session): void {
    const { threadId } = session;
    const { store, failures } = this.context;
    const saved = failures.read(threadId);
    if (saved === null || saved.message !== null || store.error.peek() !== null) return;
    const last = store.itemsState.items.findLast((item) => item.type !== "end_of_turn");
    if (last === undefined || !saved.after.includes(last.id)) {
      failures.drop(threadId);
      return;
    }
    const { error, request: failed } = saved;
    if (failed === undefined) store.error.value = error;
    else {
      this.context.showFailure(error, () =>
        this.startResponse(session, failed.request, undefined, failed.key),
      );
    }
  }

  /** Dismisses the error; an undelivered message returns to its draft. */
  dismissError(): void {
    const { store, session } = this.context;
    store.error.value = null;
    this.context.failures.drop(session.threadId);
    if (store.pending.peek()?.status !== "failed") return;
    store.pending.value = null;
    this.restoreUnsent(session.threadId);
  }

  /** Drops a deleted thread's undelivered message, or all of them when the user changes. */
  forgetUnsent(threadId?: string): void {
    if (threadId === undefined) {
      this.unsent.clear();
      this.context.failures.clear();
    } else {
      this.unsent.delete(threadId);
      this.context.failures.drop(threadId);
    }
  }

  /** Resends an undelivered message, resumes a lost response, or regenerates a response. */
  async retry(itemId?: string): Promise<void> {
    const { session } = this.context;
    if (this.isBusy) throw new BusyError("Wait for the response or stop it.");
    const unsent = this.unsent.get(session.threadId);
    if (unsent !== undefined && unsent.error !== null && itemId === undefined) {
      await this.deliver({ ...unsent, error: null });
      return;
    }
    const repeat = this.context.repeatFailed;
    if (repeat !== null && itemId === undefined) {
      this.context.store.error.value = null;
      await repeat();
      return;
    }
    if (this.mayResume && itemId === undefined) {
      await this.syncThread(session);
      const isShown = !session.isCurrent || this.isBusy || this.context.store.error.peek() !== null;
      if (isShown || !isUnanswered(this.context.store.itemsState.items)) return;
    }
    await this.regenerate(session, itemId);
  }

  /** True after the loss of a response that may continue: a server without runs has none. */
  private get mayResume(): boolean {
    return this.responder.wasLost && this.context.transport.hasRuns;
  }

  /**
   * Reloads the thread and attaches to its active run.
   *
   * @param keepsFailure keeps showing why a response failed, with its retry.
   */
  async syncThread(session: Session, keepsFailure = false): Promise<void> {
    const { store } = this.context;
    if (session.threadId === null) return;
    try {
      const runId = await this.loader.loadWithRun(session, true);
      if (!session.isCurrent || store.activeRun.peek() !== null) return;
      const { kind } = store.error.peek() ?? {};
      if (!keepsFailure || kind !== "stream") store.error.value = null;
      this.responder.clearLoss();
      if (runId !== null) void this.attach(session, runId);
    } catch (error) {
      if (!session.isCurrent) return;
      // The retry of a lost response does more than this.
      if (this.mayResume) this.showError(error);
      else this.showError(error, () => this.syncThread(session));
    }
  }

  /** Attaches to a run of another tab; afterwards, shows this tab's undelivered message again. */
  attachToOtherTab(session: Session, runId: string): void {
    void this.attach(session, runId).then(() => {
      if (session.isCurrent) this.showUnsent(session);
    });
  }

  /** Attaches to a run that was started elsewhere; resolves when it has ended. */
  attach(session: Session, runId: string): Promise<Outcome> {
    const { accepted, ended } = this.responder.follow(session, { runId });
    accepted.catch(async (error: unknown) => {
      if (!session.isCurrent || isAbort(error)) return;
      const isGone = error instanceof RequestError && [404, 410].includes(error.status);
      const repeat = () => this.syncThread(session);
      if (!isGone) {
        this.showError(error, repeat);
        return;
      }
      // The run has ended and its log expired: its output is in the items.
      await this.loader.load(session).catch((failure: unknown) => this.showError(failure, repeat));
    });
    return ended;
  }

  /** Starts a response with any other request; attaches to the blocking run of a busy thread. */
  async startResponse(
    session: Session,
    request: StreamingRequest,
    onAccepted = () => this.dropRegenerated(request),
    key = newIdempotencyKey(),
  ): Promise<void> {
    const { accepted } = this.responder.follow(session, { request, key, onAccepted });
    try {
      await accepted;
    } catch (error) {
      if (!session.isCurrent || isAbort(error)) return;
      if (await this.attachToBlockingRun(session, error)) return;
      this.showError(error, () => this.startResponse(session, request, onAccepted, key));
      // After a reload, the page calls the client tool again.
      if (request.type !== "threads.add_client_tool_output") this.saveRequest({ request, key });
      throw error;
    }
  }

  private async deliver(unsent: Unsent): Promise<SendResult> {
    const { session, store, transport } = this.context;
    const { request, draft } = unsent;
    const { id: key } = unsent.pending;
    const originThreadId = session.threadId;
    store.pending.value = { ...unsent.pending, status: "sending" };
    this.unsent.set(originThreadId, unsent);
    const { accepted, ended } = this.responder.follow(session, { request, key });
    try {
      await accepted;
    } catch (error) {
      if (transport === this.context.transport)
        return this.handleDeliveryFailure(session, unsent, error);
      // The user has changed and must not see it.
      if (draft !== null) this.composer.releaseDraft(draft);
      this.context.emitter.error(error);
      return "failed";
    }
    this.clearUnsent(originThreadId, key);
    void ended.then((outcome) => this.settle(session, unsent, outcome));
    const shown = this.context.session;
    // The user left the thread and came back before the response existed.
    if (
      shown !== session &&
      originThreadId !== null &&
      shown.threadId === originThreadId &&
      !this.isBusy
    ) {
      void this.syncThread(shown);
    }
    return "sent";
  }

  /** Settles a message whose response has ended: servers echo it, unless the response was cut short. */
  private settle(session: Session, unsent: Unsent, outcome: Outcome): void {
    const { store } = this.context;
    const { pending, draft } = unsent;
    const isUnconfirmed = session.isCurrent && store.pending.peek()?.id === pending.id;
    if (isUnconfirmed && outcome === "broken") {
      // Sent again in the thread that it may have created.
      const request = inThread(unsent.request, session.threadId);
      this.keepUnsent(session.threadId, { ...unsent, request }, store.error.peek());
      store.pending.value = { ...pending, status: "failed" };
      return;
    }
    if (isUnconfirmed) store.pending.value = null;
    if (draft === null) return;
    if (isUnconfirmed && outcome === "stopped") {
      this.composer.restoreDraft(draft, session.threadId);
    } else {
      this.composer.releaseDraft(draft);
    }
  }

  private async handleDeliveryFailure(
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
      this.keepUnsent(threadId, unsent, shown);
    } else {
      // Definitely rejected; restore the draft.
      this.clearUnsent(threadId, pending.id);
      if (store.pending.peek()?.id === pending.id) store.pending.value = null;
      if (draft !== null) this.composer.restoreDraft(draft, threadId);
      if (draft !== null && !isThreadBusy(error) && !isAbort(error)) {
        this.rejectedIn.add(threadId);
        const rejected = withoutLocalFiles(draft);
        this.context.failures.save(threadId, { error: shown, message: null, rejected, after: [] });
      }
    }
    if (!session.isCurrent) {
      emitter.error(error);
      if (this.context.session.threadId === threadId && !this.isBusy) {
        this.showUnsent(this.context.session);
      }
      return "failed";
    }
    if (isAbort(error)) return "failed";
    if (await this.attachToBlockingRun(session, error)) return "busy";
    if (mayBeRetried) store.pending.value = { ...pending, status: "failed" };
    this.showError(error);
    if (error instanceof RequestError && error.code === "thread-locked") {
      await this.loader.load(session).catch(() => undefined); // the error is already shown
    }
    return "failed";
  }

  /** Keeps a failed message for a retry, also over a reload of the page. */
  private keepUnsent(threadId: string | null, unsent: Unsent, error: ChatError | null): void {
    this.unsent.set(threadId, { ...unsent, error });
    if (error === null) return;
    const { request, pending, draft } = unsent;
    const message = { request, pending, draft: draft && withoutLocalFiles(draft) };
    this.context.failures.save(threadId, { error, message, after: [] });
  }

  /** Returns a failed message to its thread's draft. */
  private restoreUnsent(threadId: string | null): void {
    const unsent = this.unsent.get(threadId);
    if (unsent === undefined || unsent.error === null) return; // still in progress
    this.unsent.delete(threadId);
    this.context.failures.drop(threadId);
    if (unsent.draft !== null) this.composer.restoreDraft(unsent.draft, threadId);
  }

  /** Removes a message that was delivered or rejected. */
  private clearUnsent(threadId: string | null, key: string): void {
    if (this.unsent.get(threadId)?.pending.id === key) this.unsent.delete(threadId);
  }

  /** Attaches to the run that blocks the thread; returns whether there was one. */
  private async attachToBlockingRun(session: Session, error: unknown): Promise<boolean> {
    if (!isThreadBusy(error)) return false;
    const { emitter } = this.context;
    emitter.log("thread.busy", { runId: error.runId });
    if (error.runId !== null) void this.attach(session, error.runId);
    else await this.syncThread(session);
    return true;
  }

  private async regenerate(session: Session, itemId: string | undefined): Promise<void> {
    const { store } = this.context;
    const { items } = store.itemsState;
    const from = itemId === undefined ? items.length - 1 : items.findIndex((i) => i.id === itemId);
    const index = items.findLastIndex((item, at) => at <= from && item.type === "user_message");
    const message = items[index];
    if (message === undefined || session.threadId === null) return;
    const params = { thread_id: session.threadId, item_id: message.id };
    await this.startResponse(session, { type: "threads.retry_after_item", params });
  }

  /** Drops the items after a message that is answered again: the server deletes them silently. */
  private dropRegenerated(request: StreamingRequest): void {
    if (request.type !== "threads.retry_after_item") return;
    const { store, stops } = this.context;
    const { item_id: messageId } = request.params;
    const { items } = store.itemsState;
    const index = items.findIndex((item) => item.id === messageId);
    if (index === -1) return;
    stops.drop([messageId]);
    store.setItems({ items: items.slice(0, index + 1), open: new Set() });
  }

  /** Keeps a rejected request for a retry after a reload of the page. */
  private saveRequest(request: NonNullable<SavedFailure["request"]>): void {
    const { store, session, failures } = this.context;
    const error = store.error.peek();
    if (error === null || !error.allowRetry) return;
    const after = lastIds(store.itemsState.items);
    failures.save(session.threadId, { error, message: null, request, after });
  }

  private showError(error: unknown, repeat?: () => Promise<unknown>): void {
    const shown = toChatError(error);
    if (repeat === undefined) this.context.store.error.value = shown;
    else this.context.showFailure(shown, repeat);
    this.context.emitter.error(error);
  }
}

/** Returns a draft whose files are shown from the server: the browser's own end with the page. */
function withoutLocalFiles(draft: Draft): Draft {
  const files = draft.files.map((file) => {
    const { attachment } = file;
    const previewUrl = attachment?.type === "image" ? attachment.preview_url : null;
    return { ...file, key: `saved-${file.key}`, previewUrl };
  });
  return { ...draft, files };
}

/** Returns the request for a message, in the thread that an earlier attempt has created. */
function inThread(request: StreamingRequest, threadId: string | null): StreamingRequest {
  if (request.type !== "threads.create" || threadId === null) return request;
  const { input } = request.params;
  return { type: "threads.add_user_message", params: { thread_id: threadId, input } };
}

/** Returns whether the thread ends with the user's message. */
function isUnanswered(items: readonly ThreadItem[]): boolean {
  return items.findLast((item) => item.type !== "end_of_turn")?.type === "user_message";
}

function isThreadBusy(error: unknown): error is RequestError {
  return error instanceof RequestError && error.code === "thread-busy";
}
