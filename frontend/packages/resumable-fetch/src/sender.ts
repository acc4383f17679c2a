/** Sends a call: with a secret, again after a 401, and again if no answer came. */

import type { Call } from "./call";
import { problemCode } from "./errors";
import type { SecretCache } from "./secretCache";
import { backoffMs, pause, retryAfterMs } from "./waiting";

const MAX_UNANSWERED = 3;
/** The server waits 5 s by itself before it says that the first try isn't through yet. */
const MAX_IN_PROGRESS = 10;

export class Sender {
  constructor(
    private readonly baseFetch: typeof fetch,
    private readonly secrets: SecretCache | null,
    private readonly onUnauthorized: () => void,
  ) {}

  /**
   * Sends a chat request until there is an answer; each try has the same Idempotency-Key. "The
   * first try is still being accepted" is none: it meets whoever tries again after a lost answer.
   */
  async sendUntilAnswered(call: Call, signal: AbortSignal): Promise<Response> {
    for (let waits = 0; ; waits += 1) {
      const response = await this.sendUntilReached(call, signal);
      if (waits === MAX_IN_PROGRESS || !(await isInProgress(response))) return response;
      void response.body?.cancel().catch(() => undefined);
      await pause(Math.max(backoffMs(waits), retryAfterMs(response) ?? 0), signal);
    }
  }

  private async sendUntilReached(call: Call, signal: AbortSignal): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.send(call, signal);
      } catch (error) {
        // `fetch` says by a TypeError that there was no answer; all else isn't for us to repeat.
        if (!(error instanceof TypeError) || attempt === MAX_UNANSWERED) throw error;
        await pause(backoffMs(attempt), signal);
      }
    }
  }

  /** Sends once; a 401 is answered once with a fresh secret. */
  async send(call: Call, signal?: AbortSignal): Promise<Response> {
    const secret = await this.secretFor(call);
    const response = await this.attempt(call, secret, signal);
    if (response.status !== 401) return response;
    const fresh = this.secrets === null || secret === null ? null : await this.fresh(secret);
    if (fresh === null) {
      this.onUnauthorized();
      return response;
    }
    const second = await this.attempt(call, fresh, signal);
    if (second.status === 401) {
      this.secrets?.refuse(fresh);
      this.onUnauthorized();
    }
    return second;
  }

  private async secretFor(call: Call): Promise<string | null> {
    if (this.secrets === null || call.headers.has("Authorization")) return null;
    return this.secrets.get();
  }

  /** A secret other than the refused one; null if there is none to be had. */
  private async fresh(refused: string): Promise<string | null> {
    this.secrets?.refuse(refused);
    try {
      return (await this.secrets?.get()) ?? null;
    } catch {
      return null; // the 401 at hand says what is wrong
    }
  }

  private attempt(call: Call, secret: string | null, signal?: AbortSignal): Promise<Response> {
    const headers = new Headers(call.headers);
    if (secret !== null) headers.set("Authorization", `Bearer ${secret}`);
    const { url, method, body, rest } = call;
    return this.baseFetch(url, { ...rest, method, headers, body, signal: signal ?? null });
  }
}

async function isInProgress(response: Response): Promise<boolean> {
  if (response.status !== 409) return false;
  return (await problemCode(response.clone())) === "idempotency-in-progress";
}
