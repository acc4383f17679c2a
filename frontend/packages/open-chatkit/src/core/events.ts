/** What one event of a stream changes. */

import type { Context } from "./context";
import { reduceItems } from "./reducer";
import type { Session } from "./session";
import type { ThreadItem, ThreadStreamEvent } from "./types";

let noticeCount = 0;

/**
 * Applies an event to what is shown.
 *
 * @param isReplay the run was attached to: effects have had their turn where it was begun.
 */
export function applyEvent(
  context: Context,
  session: Session,
  event: ThreadStreamEvent,
  isReplay: boolean,
): void {
  const { store, emitter } = context;
  switch (event.type) {
    case "thread.created":
      nameThread(context, session, event.thread.id);
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
      noteItem(context, event.item);
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

/** A new thread has got its id. */
export function nameThread(context: Context, session: Session, threadId: string): void {
  if (session.threadId !== null) return;
  const { store, emitter } = context;
  session.threadId = threadId;
  store.threadId.value = threadId;
  const run = store.activeRun.peek();
  if (run !== null) store.activeRun.value = { ...run, threadId };
  emitter.emit({ type: "chatkit.thread.change", detail: { threadId } });
}

/** What an item's arrival means besides the item. */
function noteItem({ store, emitter }: Context, item: ThreadItem): void {
  if (item.type === "user_message") store.pending.value = null;
  else if (item.type !== "end_of_turn") store.progress.value = null;
  if (item.type === "unknown") emitter.log("item.unknown", { item: item.raw });
}

function applyToItems({ store, emitter }: Context, event: ThreadStreamEvent): void {
  const { state, ignored } = reduceItems(store.itemsState, event);
  store.setItems(state);
  if (ignored !== null) emitter.log("event.ignored", { reason: ignored, event });
}
