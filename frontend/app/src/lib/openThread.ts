/**
 * Which conversation is open in this tab: a reload, and the way from one page's chat to the
 * other's, go on where it was. A new tab begins anew.
 */

const PREFIX = "todochat.thread.";

/** The conversation that a person had open; null for a new one. */
export function openThread(userId: string): string | null {
  return storage()?.getItem(PREFIX + userId) ?? null;
}

/** Remembers what is open; null after "new chat". */
export function rememberThread(userId: string, threadId: string | null): void {
  if (threadId === null) storage()?.removeItem(PREFIX + userId);
  else storage()?.setItem(PREFIX + userId, threadId);
}

/** Whether a chat's error says that its conversation isn't there any more. */
export function isThreadGone(error: unknown): boolean {
  return error instanceof Error && "status" in error && error.status === 404;
}

/** Null where the browser forbids storage. */
function storage(): Storage | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
