/** Notifies the browser's other tabs, and other chats on this page, of changes to threads. */

import type { ThreadStreamEvent } from "./types";

export type TabMessage =
  | { type: "run"; threadId: string; runId: string }
  | { type: "changed"; threadId: string }
  | { type: "events"; threadId: string; events: readonly ThreadStreamEvent[] }
  | { type: "removed"; threadId: string };

/** A `BroadcastChannel` for one user's chats; a no-op in browsers without it. */
export class TabChannel {
  private channel: BroadcastChannel | null = null;

  constructor(private readonly onMessage: (message: TabMessage) => void) {}

  /** Joins the channel of a server URL, which identifies the user, and leaves the previous one. */
  join(url: string): void {
    this.close();
    if (typeof globalThis.BroadcastChannel !== "function") return;
    this.channel = new BroadcastChannel(`open-chatkit ${url}`);
    this.channel.onmessage = (event: MessageEvent<TabMessage>) => this.onMessage(event.data);
  }

  publish(message: TabMessage): void {
    this.channel?.postMessage(message);
  }

  close(): void {
    this.channel?.close();
    this.channel = null;
  }
}
