/** Tells the browser's other tabs, and other chats on this page, what happens to threads. */

export type TabMessage =
  | { type: "run"; threadId: string; runId: string }
  | { type: "changed"; threadId: string }
  | { type: "removed"; threadId: string };

export type Tabs = { say(message: TabMessage): void; close(): void };

/** Opens the channel of one person's chats: the server's URL names the person. */
export function openTabs(url: string, onMessage: (message: TabMessage) => void): Tabs {
  if (typeof globalThis.BroadcastChannel !== "function") {
    return { say: () => undefined, close: () => undefined };
  }
  const channel = new BroadcastChannel(`open-chatkit ${url}`);
  channel.onmessage = (event: MessageEvent<TabMessage>) => onMessage(event.data);
  return {
    say: (message) => channel.postMessage(message),
    close: () => channel.close(),
  };
}
