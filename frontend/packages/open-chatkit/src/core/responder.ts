/** Follows one response at a time and makes its events visible. */

import type { Context } from "./context";
import { RunFollower, type Turn } from "./runFollower";
import type { Session } from "./session";
import type { ThreadLoader } from "./threadLoader";

/** `accepted` fails if the server refuses the request; `ended` never fails. */
export type Following = { accepted: Promise<void>; ended: Promise<void> };

export class Responder {
  private current: RunFollower | null = null;
  /** Called when a response is over that was begun here and wasn't broken. */
  onTurnEnded: (session: Session) => void = () => {};

  constructor(
    private readonly context: Context,
    private readonly loader: ThreadLoader,
  ) {}

  /** The last response broke off, and its run may go on at the server. */
  get wasLost(): boolean {
    return this.current?.isLost === true;
  }

  follow(session: Session, turn: Turn): Following {
    const follower = new RunFollower(this.context, this.loader, session, turn);
    this.current = follower;
    const ended = follower.ended.then((outcome) => {
      if (outcome === "complete" && session.isCurrent && !("runId" in turn)) {
        this.onTurnEnded(session);
      }
    });
    return { accepted: follower.accepted, ended };
  }

  /** The thread has been read anew: there is nothing more to make up for. */
  forgetLoss(): void {
    if (this.current !== null) this.current.isLost = false;
  }

  /** What is shown may be out of date: reads the items when the response is over. */
  reloadAtEnd(): void {
    this.current?.reloadAtEnd();
  }

  /** Ends the response. */
  async stop(): Promise<void> {
    await this.current?.stop();
  }
}
