/** Finds out whether a stream has answered its request. */

import type { StreamingRequest, ThreadItem, ThreadStreamEvent } from "./types";

/** Requests that ask for a response. A server may accept the others without one. */
const ASKING: ReadonlySet<string> = new Set<StreamingRequest["type"]>([
  "threads.create",
  "threads.add_user_message",
  "threads.retry_after_item",
]);

export class AnswerCheck {
  private readonly itemIds = new Set<string>();
  private hasEffect = false;

  constructor(private readonly type: StreamingRequest["type"]) {}

  /** Notes what an event does, beside the user's own message. */
  add(event: ThreadStreamEvent): void {
    switch (event.type) {
      case "thread.item.added":
      case "thread.item.done":
        if (event.item.type !== "user_message") this.itemIds.add(event.item.id);
        break;
      case "thread.item.updated":
        this.hasEffect ||= !this.itemIds.has(event.item_id);
        break;
      case "thread.updated":
        // A closed thread is an answer, a title isn't.
        this.hasEffect ||= (event.thread.status?.type ?? "active") !== "active";
        break;
      case "thread.created":
      case "thread.item.removed":
      case "stream_options":
      case "progress_update":
        break;
      default:
        this.hasEffect = true;
    }
  }

  /** Returns whether the request asks for a response and the stream has ended without one. */
  isMissing(items: readonly ThreadItem[]): boolean {
    if (!ASKING.has(this.type) || this.hasEffect) return false;
    return !items.some((item) => this.itemIds.has(item.id) && !isBlank(item));
  }
}

function isBlank(item: ThreadItem): boolean {
  return item.type === "assistant_message" && item.content.every((part) => part.text.trim() === "");
}
