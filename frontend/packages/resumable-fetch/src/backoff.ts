/** Delays between attempts, which a returning network or page cuts short. */

const FIRST_MS = 300;
const BASE_MS = 500;
const MAX_MS = 10_000;
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Returns the delay before attempt number `attempt` (0, 1, ...), jittered so that the clients of a
 * restarted gateway don't reconnect at the same time.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  if (attempt === 0) return random() * FIRST_MS;
  const ceiling = Math.min(MAX_MS, BASE_MS * 2 ** attempt);
  return ceiling * (0.5 + random() / 2);
}

/** Returns the delay of `Retry-After` in ms; null if the header is missing or unreadable. */
export function retryAfterMs(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : null;
}

/** Waits; returns early when the network comes back or the page becomes visible, throws on abort. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const cleanUp = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      const options = { signal: cleanUp.signal };
      cleanUp.signal.addEventListener("abort", () => clearTimeout(timer));
      signal.addEventListener("abort", () => reject(signal.reason), options);
      globalThis.addEventListener?.("online", () => resolve(), options);
      globalThis.document?.addEventListener(
        "visibilitychange",
        () => {
          if (document.visibilityState === "visible") resolve();
        },
        options,
      );
    });
  } finally {
    cleanUp.abort();
  }
}

/** Waits while the machine is offline; returns whether it was. */
export async function waitForNetwork(signal: AbortSignal): Promise<boolean> {
  if (globalThis.navigator?.onLine !== false) return false;
  await new Promise<void>((resolve, reject) => {
    globalThis.addEventListener("online", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return true;
}
