/**
 * The conversation that is open in this tab, so that it stays open after a reload and on the site's
 * other page with a chat. A new tab starts with a new chat.
 */

import { tabStorage } from "@/lib/tabStorage";

const PREFIX = "todochat.thread.";

/** Returns the ID of the user's open conversation; null for a new chat. */
export function openThread(userId: string): string | null {
  return tabStorage()?.getItem(PREFIX + userId) ?? null;
}

/** Stores the ID of the open conversation; null after "new chat". */
export function rememberThread(userId: string, threadId: string | null): void {
  if (threadId === null) tabStorage()?.removeItem(PREFIX + userId);
  else tabStorage()?.setItem(PREFIX + userId, threadId);
}

/** Tells whether a chat's error means that its conversation no longer exists. */
export function isThreadNotFound(error: unknown): boolean {
  return error instanceof Error && "status" in error && error.status === 404;
}
