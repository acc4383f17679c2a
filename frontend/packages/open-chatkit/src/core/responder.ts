/** Follows one response at a time. */

import type { Context } from "./context";
import { type Outcome, RunFollower, type RunSource } from "./runFollower";
import type { Session } from "./session";
import type { ThreadLoader } from "./threadLoader";

/** `accepted` rejects if the server rejects the request; `ended` never rejects. */
export type FollowedRun = { accepted: Promise<void>; ended: Promise<Outcome> };

export class Responder {
  private current: RunFollower | null = null;
  /** Called when a response that was started here has completed. */
  onTurnEnded: (session: Session) => void = () => {};

  constructor(
    private readonly context: Context,
    private readonly loader: ThreadLoader,
  ) {}

  /** True if the last response was interrupted and its run may continue at the server. */
  get wasLost(): boolean {
    return this.current?.isLost === true;
  }

  follow(session: Session, source: RunSource): FollowedRun {
    const follower = new RunFollower(this.context, this.loader, session, source);
    this.current = follower;
    const ended = follower.ended.then((outcome) => {
      if (outcome === "complete" && session.isCurrent && !("runId" in source)) {
        this.onTurnEnded(session);
      }
      return outcome;
    });
    return { accepted: follower.accepted, ended };
  }

  /** Clears `wasLost`, after the thread was reloaded. */
  clearLoss(): void {
    if (this.current !== null) this.current.isLost = false;
  }

  /** Reloads the items when the response has ended, because they may be out of date. */
  reloadAtEnd(): void {
    this.current?.reloadAtEnd();
  }

  /** Stops the response. */
  async stop(): Promise<void> {
    await this.current?.stop();
  }
}
