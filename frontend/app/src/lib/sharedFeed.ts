import { type FeedHandlers, followChanges } from "@/lib/changeFeed";
import { openChangeFeed } from "@/lib/taskApi";

/** A part of the page that follows the user's changes. */
export interface FeedListener extends Partial<Omit<FeedHandlers, "open">> {
  /** The feed could not be opened; it will be tried again. */
  onFailure?: (error: unknown) => void;
}

const listeners = new Set<FeedListener>();
let end: AbortController | null = null;
let isReady = false;

/**
 * Follows the signed-in user's change feed until the returned function is called.
 *
 * All listeners share one connection: browsers allow six per server, over all tabs. It is open as
 * long as there is a listener. One that joins later loads everything, like the first one.
 */
export function listenToChanges(listener: FeedListener): () => void {
  listeners.add(listener);
  if (end === null) {
    end = new AbortController();
    void followChanges(sharedHandlers(), end.signal);
  } else if (isReady) listener.onReload?.();
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    end?.abort();
    end = null;
    isReady = false;
  };
}

function sharedHandlers(): FeedHandlers {
  const tell = (call: (listener: FeedListener) => void) => {
    for (const listener of [...listeners]) call(listener);
  };
  return {
    open: (after, signal) =>
      openChangeFeed(after, signal).catch((error: unknown) => {
        if (!signal.aborted) tell((listener) => listener.onFailure?.(error));
        throw error;
      }),
    onReload: () => {
      isReady = true;
      tell((listener) => listener.onReload?.());
    },
    onChange: (change) => tell((listener) => listener.onChange?.(change)),
    onLive: (isLive) => tell((listener) => listener.onLive?.(isLive)),
  };
}
