/** The period during which a thread, or the new thread view, is shown. */

import { detached } from "resumable-fetch";

/**
 * Scopes the work for a thread. When another thread is shown, its streams are detached (their runs
 * continue at the server) and late responses are dropped, because they check `isCurrent` first.
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
