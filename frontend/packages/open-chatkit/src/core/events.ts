/** Applies one event of a stream. */

import type { Context } from "./context";
import { reduceItems } from "./reducer";
import type { Session } from "./session";
import type { ThreadStreamEvent } from "./types";

let noticeCount = 0;

/**
 * Applies an event to the chat's state. An error is logged and doesn't affect later events.
 *
 * @param isReplay true for attached runs: their effects ran where the run was started.
 */
export function applyEvent(
  context: Context,
  session: Session,
  event: ThreadStreamEvent,
  isReplay: boolean,
): void {
  try {
    apply(context, session, event, isReplay);
  } catch (error) {
    context.emitter.log("event.failed", { event, error: String(error) });
  }
}

function apply(
  context: Context,
  session: Session,
  event: ThreadStreamEvent,
  isReplay: boolean,
): void {
  const { store, emitter } = context;
  switch (event.type) {
    case "thread.created":
      assignThreadId(context, session, event.thread.id);
      store.thread.value = event.thread;
      context.onThread(event.thread);
      break;
    case "thread.updated":
      if (event.thread.id === session.threadId) {
        store.thread.value = { ...store.thread.peek(), ...event.thread };
      }
      context.onThread(event.thread);
      break;
    case "thread.item.added":
    case "thread.item.done":
    case "thread.item.replaced":
      if (event.item.type === "user_message") store.pending.value = null;
      else if (event.item.type !== "end_of_turn") store.progress.value = null;
      if (event.item.type === "unknown") emitter.log("item.unknown", { item: event.item.raw });
      applyToItems(context, event);
      break;
    case "thread.item.updated":
    case "thread.item.removed":
      applyToItems(context, event);
      break;
    case "stream_options": {
      const run = store.activeRun.peek();
      const allowCancel = event.stream_options.allow_cancel;
      if (run !== null) store.activeRun.value = { ...run, allowCancel };
      break;
    }
    case "progress_update":
      store.progress.value = { text: event.text, icon: event.icon ?? null };
      break;
    case "client_effect":
      if (isReplay) emitter.log("effect.skipped", { name: event.name });
      else emitter.emit({ type: "chatkit.effect", detail: { name: event.name, data: event.data } });
      break;
    case "error":
      store.error.value = {
        kind: "stream",
        code: event.code,
        message: event.message ?? null,
        allowRetry: event.allow_retry,
      };
      emitter.error(new Error(event.message ?? event.code));
      break;
    case "notice": {
      const { type: _, ...notice } = event;
      noticeCount += 1;
      store.notices.value = [...store.notices.peek(), { ...notice, id: `notice-${noticeCount}` }];
      break;
    }
    case "unknown":
      emitter.log("event.unknown", { event: event.raw });
  }
}

/** Sets the ID of a new thread. */
export function assignThreadId(context: Context, session: Session, threadId: string): void {
  if (session.threadId !== null) return;
  const { store, emitter } = context;
  session.threadId = threadId;
  store.threadId.value = threadId;
  const run = store.activeRun.peek();
  if (run !== null) store.activeRun.value = { ...run, threadId };
  emitter.emit({ type: "chatkit.thread.change", detail: { threadId } });
}

function applyToItems({ store, emitter }: Context, event: ThreadStreamEvent): void {
  const { state, ignored } = reduceItems(store.itemsState, event);
  store.setItems(state);
  if (ignored !== null) emitter.log("event.ignored", { reason: ignored, event });
}
