/** Keeps failed turns in the tab's session storage, so that a reload shows them again. */

import { isObject } from "./readItem";
import type { ChatError, Draft, PendingMessage, StreamingRequest, ThreadItem } from "./types";
import { withStorage } from "./webStorage";

const PREFIX = "open-chatkit:failed:";

/** A later reload shows nothing: the next person at this computer may not be the same one. */
const MAX_AGE_MS = 60 * 60 * 1000;

/** A message that the server hasn't confirmed. */
export type SavedMessage = {
  request: StreamingRequest;
  pending: PendingMessage;
  draft: Draft | null;
};

export type SavedFailure = {
  error: ChatError;
  /** The unconfirmed message; null if its response failed. */
  message: SavedMessage | null;
  /** A message that the server doesn't accept, to be changed. */
  rejected?: Draft;
  /** Another request that was rejected. */
  request?: { request: StreamingRequest; key: string };
  /** IDs of the last item and of the last user message: the error is void after other items. */
  after: readonly string[];
};

/** Returns the IDs of the last item and of the last user message. */
export function lastIds(items: readonly ThreadItem[]): string[] {
  const last = items.findLast((item) => item.type !== "end_of_turn");
  const asked = items.findLast((item) => item.type === "user_message");
  return [last, asked].flatMap((item) => (item === undefined ? [] : [item.id]));
}

export class SavedFailures {
  /** @param server returns the URL of the server, which the failures belong to. */
  constructor(private readonly server: () => string) {}

  /** Saves a thread's failure. The key null is the new thread view. */
  save(threadId: string | null, failure: SavedFailure): void {
    const saved = JSON.stringify({ ...failure, savedAt: Date.now() });
    withStorage("sessionStorage", (storage) => storage.setItem(this.key(threadId), saved));
  }

  read(threadId: string | null): SavedFailure | null {
    const saved: unknown = withStorage("sessionStorage", (storage) =>
      JSON.parse(storage.getItem(this.key(threadId)) ?? "null"),
    );
    if (!isObject(saved) || Date.now() - Number(saved.savedAt) > MAX_AGE_MS) return null;
    return saved as unknown as SavedFailure;
  }

  drop(threadId: string | null): void {
    withStorage("sessionStorage", (storage) => storage.removeItem(this.key(threadId)));
  }

  /** Drops the failures of all threads and servers, when the user changes. */
  clear(): void {
    withStorage("sessionStorage", (storage) => {
      for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
    });
  }

  private key(threadId: string | null): string {
    return `${PREFIX}${this.server()} ${threadId ?? ""}`;
  }
}
