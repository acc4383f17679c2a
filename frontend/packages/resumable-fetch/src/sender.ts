/** Sends calls with a secret; retries after a 401 and when there was no response. */

import { backoffMs, pause, retryAfterMs } from "./backoff";
import type { Call } from "./call";
import { problemCode } from "./errors";
import type { SecretCache } from "./secretCache";

const MAX_ATTEMPTS = 3;
/** The server itself waits 5 s before it reports that the first attempt is still in progress. */
const MAX_IN_PROGRESS_WAITS = 10;

export class Sender {
  constructor(
    private readonly baseFetch: typeof fetch,
    private readonly secrets: SecretCache | null,
    private readonly onUnauthorized: () => void,
  ) {}

  /**
   * Sends a chat request until there is a response. Every attempt has the same Idempotency-Key, so
   * a retry after a lost response may get 409 `idempotency-in-progress`; that is retried as well.
   */
  async sendIdempotently(call: Call, signal: AbortSignal): Promise<Response> {
    for (let waits = 0; ; waits += 1) {
      const response = await this.sendWithRetry(call, signal);
      if (waits === MAX_IN_PROGRESS_WAITS || !(await isInProgress(response))) return response;
      void response.body?.cancel().catch(() => undefined);
      await pause(Math.max(backoffMs(waits), retryAfterMs(response) ?? 0), signal);
    }
  }

  private async sendWithRetry(call: Call, signal: AbortSignal): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.send(call, signal);
      } catch (error) {
        // `fetch` fails with a TypeError if there was no response. Other errors aren't retried.
        if (!(error instanceof TypeError) || attempt === MAX_ATTEMPTS) throw error;
        await pause(backoffMs(attempt), signal);
      }
    }
  }

  /** Sends once; retries a 401 once with a fresh secret. */
  async send(call: Call, signal?: AbortSignal): Promise<Response> {
    const secret =
      this.secrets === null || call.headers.has("Authorization") ? null : await this.secrets.get();
    const response = await this.attempt(call, secret, signal);
    if (response.status !== 401) return response;
    const fresh = this.secrets === null || secret === null ? null : await this.freshSecret(secret);
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

  /** Returns a secret other than the rejected one; null if none is available. */
  private async freshSecret(rejected: string): Promise<string | null> {
    this.secrets?.refuse(rejected);
    try {
      return (await this.secrets?.get()) ?? null;
    } catch {
      return null; // the caller reports the 401
    }
  }

  private attempt(call: Call, secret: string | null, signal?: AbortSignal): Promise<Response> {
    const headers = new Headers(call.headers);
    if (secret !== null) headers.set("Authorization", `Bearer ${secret}`);
    const { url, method, body, rest } = call;
    // A plain object: pages' own fetches spread it to add headers, which loses those of a `Headers`.
    const init = { ...rest, method, headers: Object.fromEntries(headers), body };
    return this.baseFetch(url, signal === undefined ? init : { ...init, signal });
  }
}

async function isInProgress(response: Response): Promise<boolean> {
  if (response.status !== 409) return false;
  return (await problemCode(response.clone())) === "idempotency-in-progress";
}
