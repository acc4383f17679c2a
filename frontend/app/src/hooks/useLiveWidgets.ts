import { useEffect } from "react";
import { listenToChanges } from "@/lib/sharedFeed";

/** Changes that follow each other within this time are shown together. */
const DELAY_MS = 300;

/**
 * Reloads the open thread after changes of tasks, so that the lists and forms in it show the tasks
 * as they are.
 *
 * @param isReady the chat takes calls.
 */
export function useLiveWidgets(isReady: boolean, fetchUpdates: () => Promise<void>): void {
  useEffect(() => {
    if (!isReady) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isLoading = false;
    let isDue = false;
    let isFirst = true;
    const load = async () => {
      isLoading = true;
      isDue = false;
      // The chat shows its own failures.
      await fetchUpdates().catch(() => undefined);
      isLoading = false;
      if (isDue) schedule();
    };
    const schedule = () => {
      if (isLoading) isDue = true;
      else
        timer ??= setTimeout(() => {
          timer = undefined;
          void load();
        }, DELAY_MS);
    };
    const stop = listenToChanges({
      onChange: schedule,
      onReload: () => {
        // The thread has just been loaded when the feed starts; later, events were missed.
        if (!isFirst) schedule();
        isFirst = false;
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
      isDue = false;
    };
  }, [isReady, fetchUpdates]);
}
