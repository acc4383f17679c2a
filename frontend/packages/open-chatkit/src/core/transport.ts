/** Speaks with the server: one POST per request, answered with JSON or a stream. */

import type { FileUploadStrategy } from "@openai/chatkit";
import { createResumableFetch, createSecretCache, isResumable, type RunRef } from "resumable-fetch";
import { refusal } from "./errors";
import { readEvents } from "./eventStream";
import { isObject } from "./readItem";
import type {
  ApiConfig,
  JsonObject,
  PlainAnswers,
  PlainParams,
  PlainType,
  StreamingRequest,
} from "./types";
import { canTellProgress, xhrFetch } from "./xhrFetch";

/**
 * Where the hosted service takes ChatKit requests, and the header it wants. Neither is documented:
 * several public clients and proxies do it so. Its end is announced, and whether it answers pages
 * of other origins isn't known; a page that uses it has to allow it in `connect-src`.
 */
const HOSTED_URL = "https://api.openai.com/v1/chatkit/conversation";
const HOSTED_HEADERS = { "OpenAI-Beta": "chatkit_beta=v1" };

/** What a stream tells while it goes on. Events come in the batches they arrived in. */
export type StreamHandlers = {
  /** Aborting it cancels the run, unless the reason is `detached()`. */
  signal: AbortSignal;
  /** The server has taken the request; null where it has no runs. */
  onAccepted(run: RunRef | null): void;
  onEvents(events: unknown[]): void;
  onReconnecting(): void;
  onReconnected(): void;
  onSnapshot(): void;
  onExpired(): void;
};

export class Transport {
  readonly url: string;
  /** The server is ours, or may be: headers of ours are sent, runs can be found and stopped. */
  private hasRuns: boolean;
  private readonly secrets;

  constructor(
    private api: ApiConfig,
    private readonly locale: () => string | undefined,
  ) {
    this.url = new URL(urlOf(api) ?? HOSTED_URL, globalThis.location?.href).href;
    this.hasRuns = mayHaveRuns(api, this.url);
    // Asks the newest callback: pages make a new one at each render.
    this.secrets = hasSecret(api)
      ? createSecretCache((current) => this.askForSecret(current))
      : null;
  }

  /** Takes over new functions; false if the server is another one, which needs a new transport. */
  update(api: ApiConfig): boolean {
    if (identity(api) !== identity(this.api)) return false;
    this.api = api;
    return true;
  }

  get canCancel(): boolean {
    return this.hasRuns;
  }

  get uploadStrategy(): FileUploadStrategy {
    const strategy = "uploadStrategy" in this.api ? this.api.uploadStrategy : undefined;
    return strategy ?? { type: "two_phase" };
  }

  /** Sends a request that is answered with JSON. */
  async ask<T extends PlainType>(type: T, params: PlainParams[T]): Promise<unknown> {
    const response = await this.fetch()(this.url, this.post({ type, params }, null));
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  /** The same for answers that need no parsing of their own. */
  async askFor<T extends PlainType>(type: T, params: PlainParams[T]): Promise<PlainAnswers[T]> {
    return (await this.ask(type, params)) as PlainAnswers[T];
  }

  /** Sends a request that is answered with a stream; resolves when that has ended. */
  async stream(request: StreamingRequest, key: string, handlers: StreamHandlers): Promise<void> {
    const init = { ...this.post(request, key), signal: handlers.signal };
    await this.follow(await this.fetch(handlers)(this.url, init), handlers);
  }

  /** Watches a run from its start; resolves when it has ended. */
  async attach(runId: string, handlers: StreamHandlers): Promise<void> {
    const init = { headers: { Accept: "text/event-stream" }, signal: handlers.signal };
    const response = await this.fetch(handlers)(this.runUrl(`${runId}/events`), init);
    await this.follow(response, handlers);
  }

  /** The id of the run that is active in a thread; null if there is none, or no such thing. */
  async findRun(threadId: string): Promise<string | null> {
    if (!this.hasRuns) return null;
    const url = this.runUrl(`?thread_id=${encodeURIComponent(threadId)}&status=active`);
    const response = await this.fetch()(url, {});
    if (response.status === 404 || response.status === 405) {
      this.hasRuns = false; // another server of the same protocol
      return null;
    }
    if (!response.ok) throw await refusal(response);
    const found: unknown = await response.json();
    const run: unknown = isObject(found) && Array.isArray(found.items) ? found.items[0] : null;
    return isObject(run) && typeof run.run_id === "string" ? run.run_id : null;
  }

  async cancel(runId: string): Promise<void> {
    const response = await this.fetch()(this.runUrl(`${runId}/cancel`), {
      method: "POST",
      keepalive: true,
    });
    if (!response.ok) throw await refusal(response);
  }

  /**
   * Sends a file's bytes; returns the answer if it is JSON.
   *
   * @param onProgress is given the share sent so far, unless the page's own `fetch` sends it.
   */
  async upload(
    url: string,
    init: RequestInit,
    onProgress: (share: number) => void,
  ): Promise<JsonObject | null> {
    const telling = canTellProgress() ? xhrFetch(onProgress) : undefined;
    const response = await this.fetch(undefined, telling)(new URL(url, this.url).href, init);
    if (!response.ok) throw await refusal(response);
    const answer: unknown = await response.json().catch(() => null);
    return isObject(answer) ? answer : null;
  }

  private async follow(response: Response, handlers: StreamHandlers): Promise<void> {
    if (!response.ok) throw await refusal(response);
    const runId = response.headers.get("X-Run-Id");
    const threadId = response.headers.get("X-Thread-Id");
    if (runId !== null) this.hasRuns = true;
    handlers.onAccepted(runId === null ? null : { runId, threadId });
    if (isJson(response)) {
      // Some actions are answered at once.
      const answer: unknown = await response.json();
      const item = isObject(answer) ? answer.updated_item : null;
      if (isObject(item)) handlers.onEvents([{ type: "thread.item.replaced", item }]);
    } else if (response.body !== null) {
      for await (const events of readEvents(response.body)) handlers.onEvents(events);
    }
  }

  /** The fetch for one request; what it tells goes to that request's handlers. */
  private fetch(handlers?: StreamHandlers, usual?: typeof fetch): typeof fetch {
    const given = "fetch" in this.api ? this.api.fetch : undefined;
    if (given !== undefined && isResumable(given)) return given;
    const base = given ?? usual;
    if (this.secrets === null && !this.hasRuns) {
      return base ?? ((input, init) => globalThis.fetch(input, init));
    }
    return createResumableFetch({
      url: this.url,
      resume: this.hasRuns,
      ...(base === undefined ? {} : { fetch: base }),
      ...(this.secrets === null ? {} : { secrets: this.secrets }),
      ...handlers,
    });
  }

  private post(body: JsonObject, key: string | null): RequestInit {
    const headers = new Headers({ "Content-Type": "application/json" });
    // One language, the one that is shown, as the official client has it.
    const locale = this.locale() ?? globalThis.navigator?.language;
    if (locale !== undefined) headers.set("Accept-Language", locale);
    if (urlOf(this.api) === undefined) {
      for (const [name, value] of Object.entries(HOSTED_HEADERS)) headers.set(name, value);
    }
    if (this.hasRuns) {
      headers.set("X-Timezone", Intl.DateTimeFormat().resolvedOptions().timeZone);
      if (key !== null) headers.set("Idempotency-Key", key);
    }
    return { method: "POST", headers, body: JSON.stringify(body) };
  }

  private runUrl(rest: string): string {
    const url = new URL(this.url);
    const separator = rest.startsWith("?") ? "" : "/";
    return `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, "")}/runs${separator}${rest}`;
  }

  private askForSecret(current: string | null): Promise<string> {
    if (!hasSecret(this.api)) throw new Error("The options have no getClientSecret any more.");
    return this.api.getClientSecret(current);
  }
}

function urlOf(api: ApiConfig): string | undefined {
  return "url" in api ? api.url : undefined;
}

type WithSecret = Extract<ApiConfig, { getClientSecret: unknown }>;

function hasSecret(api: ApiConfig): api is WithSecret {
  return "getClientSecret" in api && typeof api.getClientSecret === "function";
}

/**
 * Whether headers of ours may be sent from the start. Across origins an unprepared server would
 * refuse the whole request; there a page says what its server is by giving a secret, or by a
 * resumable fetch.
 */
function mayHaveRuns(api: ApiConfig, url: string): boolean {
  if (!("url" in api) || api.url === undefined) return false;
  if (api.fetch !== undefined && isResumable(api.fetch)) return true;
  return hasSecret(api) || new URL(url).origin === globalThis.location?.origin;
}

/** What makes two configurations the same server for the same person. */
function identity(api: ApiConfig): string {
  return JSON.stringify([urlOf(api) ?? null, hasSecret(api)]);
}

function isJson(response: Response): boolean {
  return /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
}
