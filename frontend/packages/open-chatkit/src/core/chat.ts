/** Creates and connects the parts of a chat: the state it shows and the methods it offers. */

import { Actions } from "./actions";
import { ClientTools } from "./clientTools";
import { createComposer } from "./composer";
import { Context } from "./context";
import { createHistory } from "./history";
import { Navigation } from "./navigation";
import { Responder } from "./responder";
import { TabChannel } from "./tabChannel";
import { ThreadLoader } from "./threadLoader";
import { Turns } from "./turns";
import type { Chat, ChatOptions } from "./types";

/** Creates a chat. Loads `initialThread` in a microtask, once the caller can have added listeners. */
export function createChat(options: ChatOptions): Chat {
  // Create the parts. Each gets the parts that it calls.
  const context = new Context(options);
  const { store, emitter } = context;
  const composer = createComposer(context);
  const history = createHistory(context);
  const loader = new ThreadLoader(context);
  const responder = new Responder(context, loader);
  const turns = new Turns(context, composer, responder, loader);
  const actions = new Actions(context, turns);
  const tools = new ClientTools(context, actions);
  const parts = { composer, loader, turns, tools, responder, history };
  const navigation = new Navigation(context, parts);
  const tabs = new TabChannel((message) => navigation.onTabMessage(message));

  // Connect the parts that report back to others.
  context.onThread = (thread) => history.put(thread);
  context.onRun = (threadId, runId) => tabs.publish({ type: "run", threadId, runId });
  context.onChange = (threadId) => tabs.publish({ type: "changed", threadId });
  context.onEvents = (threadId, events) => tabs.publish({ type: "events", threadId, events });
  responder.onTurnEnded = (session) => navigation.runTools(session);
  tabs.join(context.transport.url);
  queueMicrotask(() => {
    context.transport.requestFirstSecret();
    navigation.start();
  });

  return {
    thread: store.thread,
    threadId: store.threadId,
    items: store.items,
    itemIds: store.itemIds,
    item: (id) => store.item(id),
    openItemIds: store.openItemIds,
    hasMore: store.hasMore,
    isLoadingMore: store.isLoadingMore,
    isLoading: store.isLoading,
    isResponding: store.isResponding,
    activeRun: store.activeRun,
    canStop: store.canStop,
    isStopping: store.isStopping,
    pending: store.pending,
    progress: store.progress,
    runningTools: store.runningTools,
    error: store.error,
    notices: store.notices,
    connection: store.connection,
    feedbackGiven: store.feedbackGiven,
    stoppedAfter: store.stoppedAfter,
    interruptedAfter: store.interruptedAfter,
    revealsGradually: store.revealsGradually,
    history,
    composer,
    setOptions(next) {
      context.options = next;
      if (context.transport.update(next.api)) return;
      // Another server or user: discard everything that belongs to the previous one.
      context.transport = context.newTransport();
      tabs.join(context.transport.url);
      history.reset();
      composer.reset();
      turns.forgetUnsent();
      store.feedbackGiven.value = new Map();
      navigation.enter(null);
      context.transport.requestFirstSecret();
      navigation.start();
    },
    async send(params) {
      if (params?.newThread === true && !turns.isBusy) navigation.newThread();
      return turns.send(params);
    },
    stop: () => responder.stop(),
    retry: (itemId) => turns.retry(itemId),
    openThread: (threadId) => navigation.openThread(threadId),
    newThread: () => navigation.newThread(),
    loadMore: () => navigation.loadMore(),
    fetchUpdates: () => navigation.fetchUpdates(),
    async rename(threadId, title) {
      await history.rename(threadId, title);
      tabs.publish({ type: "changed", threadId });
    },
    async remove(threadId) {
      await history.remove(threadId);
      if (store.threadId.peek() === threadId) navigation.newThread();
      composer.dropDraft(threadId);
      turns.forgetUnsent(threadId);
      tabs.publish({ type: "removed", threadId });
    },
    feedback: (itemIds, kind) => actions.sendFeedback(itemIds, kind),
    async widgetAction(action, itemId) {
      await actions.runWidgetAction(action, itemId);
      const threadId = store.threadId.peek();
      if (action.streaming === false && threadId !== null)
        tabs.publish({ type: "changed", threadId });
    },
    action: (action, itemId) => actions.send(action, itemId),
    submitStructuredInput: (itemId, input) => actions.submitStructuredInput(itemId, input),
    submitClientToolResult: (itemId, result) => actions.submitToolResult(itemId, result),
    dismissError: () => turns.dismissError(),
    dismissNotice(id) {
      store.notices.value = store.notices.peek().filter((notice) => notice.id !== id);
    },
    on: (listener) => emitter.on(listener),
    dispose() {
      context.session.leave();
      navigation.dispose();
      tabs.close();
    },
  };
}
