/** Puts the parts together: what is shown, and what can be done. */

import { Actions } from "./actions";
import { ClientTools } from "./clientTools";
import { createComposer } from "./composer";
import type { Context } from "./context";
import { Emitter } from "./emitter";
import { createHistory } from "./history";
import { Navigation } from "./navigation";
import { Responder } from "./responder";
import { Session } from "./session";
import { Store } from "./store";
import { openTabs } from "./tabs";
import { ThreadLoader } from "./threadLoader";
import { Transport } from "./transport";
import { Turns } from "./turns";
import type { Chat, ChatOptions } from "./types";

/** Makes a chat. It loads `initialThread` by itself, once its listeners can be there. */
export function createChat(options: ChatOptions): Chat {
  const store = new Store();
  const emitter = new Emitter();
  const newTransport = () => new Transport(context.options.api, () => context.options.locale);
  const openChannel = () =>
    openTabs(context.transport.url, (message) => navigation.onTabMessage(message));
  const context: Context = {
    store,
    emitter,
    options,
    transport: new Transport(options.api, () => context.options.locale),
    session: new Session(null),
    onThread: (thread) => history.put(thread),
    onRun: (threadId, runId) => tabs.say({ type: "run", threadId, runId }),
  };
  const composer = createComposer(context);
  const history = createHistory(context);
  const loader = new ThreadLoader(context);
  const responder = new Responder(context, loader);
  const turns = new Turns(context, composer, responder, loader);
  const actions = new Actions(context, turns);
  const tools = new ClientTools(context, (session, item, result) =>
    session.isCurrent ? actions.submitToolResult(item.id, result) : Promise.resolve(),
  );
  const navigation = new Navigation(context, {
    ...{ composer, loader, turns, tools, responder, history },
  });
  let tabs = openChannel();
  responder.onTurnEnded = (session) => navigation.runTools(session);

  queueMicrotask(() => navigation.start());

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
    history,
    composer,
    setOptions(next) {
      context.options = next;
      if (context.transport.update(next.api)) return;
      // Another server or another person: nothing of what is shown belongs to them.
      context.transport = newTransport();
      tabs.close();
      tabs = openChannel();
      history.reset();
      composer.reset();
      turns.forget();
      store.feedbackGiven.value = new Map();
      navigation.enter(null);
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
      tabs.say({ type: "changed", threadId });
    },
    async remove(threadId) {
      await history.remove(threadId);
      if (store.threadId.peek() === threadId) navigation.newThread();
      composer.drop(threadId);
      turns.forget(threadId);
      tabs.say({ type: "removed", threadId });
    },
    feedback: (itemIds, kind) => actions.feedback(itemIds, kind),
    async widgetAction(action, itemId) {
      await actions.ofWidget(action, itemId);
      const threadId = store.threadId.peek();
      if (action.streaming === false && threadId !== null) tabs.say({ type: "changed", threadId });
    },
    action: (action, itemId) => actions.send(action, itemId),
    submitStructuredInput: (itemId, input) => actions.answer(itemId, input),
    submitClientToolResult: (itemId, result) => actions.submitToolResult(itemId, result),
    dismissError: () => turns.dismiss(),
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
