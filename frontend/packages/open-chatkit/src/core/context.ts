import type { Emitter } from "./emitter";
import type { Session } from "./session";
import type { Store } from "./store";
import type { Transport } from "./transport";
import type { ChatOptions, ThreadMetadata } from "./types";

/** What the parts of one chat share. */
export type Context = {
  readonly store: Store;
  readonly emitter: Emitter;
  /** Changes when the page gives another server. */
  transport: Transport;
  options: ChatOptions;
  session: Session;
  /** A thread is new or has changed: the history shows it. */
  onThread(thread: ThreadMetadata): void;
  /** A run was begun here: other tabs that show the thread go along. */
  onRun(threadId: string, runId: string): void;
};
