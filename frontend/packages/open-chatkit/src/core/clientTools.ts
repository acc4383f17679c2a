/** Runs the page's tools when the assistant calls them, and sends their results. */

import type { Actions } from "./actions";
import type { Context } from "./context";
import type { Session } from "./session";
import type { ClientToolCallItem, ThreadItem } from "./types";

export class ClientTools {
  constructor(
    private readonly context: Context,
    private readonly actions: Actions,
  ) {}

  /**
   * Runs the call that the thread is waiting for, if there is one and the page has a handler. After
   * a reload, several tabs may show the thread: the tab that gets the lock runs it.
   */
  async runPending(session: Session): Promise<void> {
    const item = pendingCall(this.context.store.itemsState.items);
    const handler = this.context.options.onClientTool;
    if (item === null) return;
    if (handler === undefined) {
      this.context.emitter.log("tool.unhandled", { name: item.name });
      return;
    }
    // Set before the lock is granted, so that the user can't send a message in between.
    this.context.store.runningTools.value = [item.name];
    try {
      await withLock(`open-chatkit:${item.id}`, async () => {
        const result = await this.call(item, handler);
        if (session.isCurrent) await this.actions.submitToolResult(item.id, result);
      });
    } finally {
      if (session.isCurrent) this.context.store.runningTools.value = [];
    }
  }

  /** Calls the handler. A failure becomes the result; otherwise the thread would wait forever. */
  private async call(
    item: ClientToolCallItem,
    handler: NonNullable<Context["options"]["onClientTool"]>,
  ): Promise<unknown> {
    try {
      return await handler({ name: item.name, params: item.arguments });
    } catch (error) {
      this.context.emitter.error(error);
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** Returns the call that the thread is waiting for: the last item, if it is a pending call. */
export function pendingCall(items: readonly ThreadItem[]): ClientToolCallItem | null {
  const last = items.findLast((item) => item.type !== "end_of_turn");
  return last?.type === "client_tool_call" && last.status === "pending" ? last : null;
}

/**
 * Runs `work` unless another tab holds the lock. Runs it always where there are no locks (http, old
 * browsers), and in a sandboxed frame: no tab shares its opaque origin, and requesting a lock fails.
 */
async function withLock(name: string, work: () => Promise<void>): Promise<void> {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined || globalThis.origin === "null") {
    await work();
    return;
  }
  await locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await work();
  });
}
