import { Emitter } from "./emitter";
import { SavedFailures } from "./savedFailures";
import { Session } from "./session";
import { StopMarks } from "./stopMarks";
import { Store } from "./store";
import { Transport } from "./transport";
import type { ChatError, ChatOptions, ThreadMetadata, ThreadStreamEvent } from "./types";

/** State shared by the parts of one chat. */
export class Context {
  readonly store = new Store();
  readonly emitter = new Emitter();
  readonly stops = new StopMarks(this.store);
  readonly failures = new SavedFailures(() => this.transport.url);
  session = new Session(null);
  /** Replaced when the page's options name another server or user. */
  transport: Transport;
  /** Called when a thread is new or has changed; the history shows it. */
  onThread: (thread: ThreadMetadata) => void = () => {};
  /** Called when a run was started here; other tabs that show the thread attach to it. */
  onRun: (threadId: string, runId: string) => void = () => {};
  /** Called when a server without runs has changed a thread; other tabs that show it reload it. */
  onChange: (threadId: string) => void = () => {};
  /** Called with the events of a response without a run, to which other tabs can't attach. */
  onEvents: (threadId: string, events: readonly ThreadStreamEvent[]) => void = () => {};

  /** The shown error's own retry; other errors concern a message or its response. */
  private failed: { shown: ChatError; repeat: () => Promise<unknown> } | null = null;

  constructor(public options: ChatOptions) {
    this.transport = this.newTransport();
  }

  /** Returns a transport for the current options. */
  newTransport(): Transport {
    return new Transport(this.options.api, () => this.options.locale);
  }

  /** Shows an error whose retry is `repeat`. */
  showFailure(shown: ChatError, repeat: () => Promise<unknown>): void {
    this.store.error.value = shown;
    this.failed = { shown, repeat };
  }

  /** Returns what repeats the request that the shown error is about; null for a response. */
  get repeatFailed(): (() => Promise<unknown>) | null {
    const { failed } = this;
    return failed !== null && failed.shown === this.store.error.peek() ? failed.repeat : null;
  }
}
