import { Emitter } from "./emitter";
import { SavedFailures } from "./savedFailures";
import { Session } from "./session";
import { StopMarks } from "./stopMarks";
import { Store } from "./store";
import { Transport } from "./transport";
import type { ChatOptions, ThreadMetadata } from "./types";

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

  constructor(public options: ChatOptions) {
    this.transport = this.newTransport();
  }

  /** Returns a transport for the current options. */
  newTransport(): Transport {
    return new Transport(this.options.api, () => this.options.locale);
  }
}
