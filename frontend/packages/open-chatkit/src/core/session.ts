/** One visit to a thread, or to the new thread view. */

import { detached } from "resumable-fetch";

/**
 * What was begun for a thread ends when another one is shown: its streams are left (their runs go
 * on at the server) and late answers are dropped, since they ask `isCurrent` first.
 */
export class Session {
  private readonly controller = new AbortController();

  constructor(public threadId: string | null) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isCurrent(): boolean {
    return !this.controller.signal.aborted;
  }

  leave(): void {
    this.controller.abort(detached());
  }
}
