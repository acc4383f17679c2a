/** The HTTP transport: one POST per request, which returns JSON or a stream. */

import type { FileUploadStrategy } from "@openai/chatkit";
import {
  createResumableFetch,
  createSecretCache,
  type EndStatus,
  isResumable,
  type RunRef,
} from "resumable-fetch";
import { reportRejectedOrigin, reportUnreachable } from "./crossOrigin";
import { type RequestError, toRequestError } from "./errors";
import { readEvents } from "./eventStream";
import { isObject, textOrNull } from "./readItem";
import type {
  ApiConfig,
  JsonObject,
  NonStreamingParams,
  NonStreamingResponses,
  NonStreamingType,
  StreamingRequest,
} from "./types";
import { hasUploadProgress, xhrFetch } from "./xhrFetch";

/**
 * The hosted service's URL for ChatKit requests, and its required header. Neither is documented;
 * several public clients and proxies use them. The service's shutdown is announced, and it isn't
 * known whether it allows other origins; a page that uses it must allow it in `connect-src`.
 */
const HOSTED_URL = "https://api.openai.com/v1/chatkit/conversation";
const HOSTED_HEADERS = { "OpenAI-Beta": "chatkit_beta=v1" };

/** Header of JSON responses of a server with runs; a stream's response has the run's ID instead. */
const RUNS_HEADER = "X-Resumable";

/** Callbacks of a stream. Events are passed in the batches in which they arrived. */
export type StreamHandlers = {
  /** Aborting it cancels the run, unless the reason is `detached()`. */
  signal: AbortSignal;
  /** Called when the server accepted the request; null for servers without runs. */
  onAccepted(run: RunRef | null): void;
  onEvents(events: unknown[]): void;
  onReconnecting(): void;
  onReconnected(): void;
  onSnapshot(): void;
  onExpired(): void;
  /** Called with the outcome of a run. */
  onEnd(run: RunRef, status: EndStatus): void;
};

/** The last items of responses that the user stopped, or that were cancelled for another reason. */
export type CancelledItems = { stopped: readonly string[]; interrupted: readonly string[] };

/** The active run of a thread, and where its cancelled ones ended; null if unknown. */
export type ThreadRuns = { activeId: string | null; cancelled: CancelledItems | null };

const NO_RUNS: ThreadRuns = { activeId: null, cancelled: null };

export class Transport {
  readonly url: string;
  /**
   * True once the server has shown that it has runs, or the page opted in: runs can be found and
   * cancelled. A foreign server never gets a request that the official client doesn't send.
   */
  hasRuns: boolean;
  /** False once a server with runs has shown that it has no search. */
  private hasSearch = true;
  /** True until the first response if the server may have runs: a message then gets the headers. */
  private mayHaveRuns: boolean;
  private readonly secrets;
  /** The last failure of `getClientSecret`, which says nothing about this server. */
  private secretFailure: unknown = null;

  constructor(
    private api: ApiConfig,
    private readonly locale: () => string | undefined,
  ) {
    this.url = new URL(urlOf(api) ?? HOSTED_URL, globalThis.location?.href).href;
    this.hasRuns = optsIn(api);
    this.mayHaveRuns = this.hasRuns || mayGetHeaders(api, this.url);
    // Always calls the newest callback: pages create a new one on each render.
    this.secrets = hasSecret(api)
      ? createSecretCache((current) => this.requestSecret(current))
      : null;
  }

  /** Adopts new callbacks; returns false for another server or user, which needs a new transport. */
  update(api: ApiConfig): boolean {
    if (identity(api) !== identity(this.api)) return false;
    this.api = api;
    return true;
  }

  /**
   * Requests the first secret before it is needed, like the official component: pages wait for the call.
   * After a failure, the first request asks again and reports it.
   */
  requestFirstSecret(): void {
    this.secrets?.get().catch(() => undefined);
  }

  get uploadStrategy(): FileUploadStrategy {
    const strategy = "uploadStrategy" in this.api ? this.api.uploadStrategy : undefined;
    return strategy ?? { type: "two_phase" };
  }

  /** Sends a request that returns JSON. */
  async request<T extends NonStreamingType>(
    type: T,
    params: NonStreamingParams[T],
  ): Promise<unknown> {
    const response = await this.send(this.url, this.post({ type, params }, null));
    if (!response.ok) throw await this.rejection(response);
    this.learn(response.headers.has(RUNS_HEADER));
    return response.json();
  }

  /** Sends a request whose response needs no validation. */
  async requestAs<T extends NonStreamingType>(
    type: T,
    params: NonStreamingParams[T],
  ): Promise<NonStreamingResponses[T]> {
    return (await this.request(type, params)) as NonStreamingResponses[T];
  }

  /** Sends a request that returns a stream; resolves when the stream has ended. */
  async stream(request: StreamingRequest, key: string, handlers: StreamHandlers): Promise<void> {
    const init = { ...this.post(request, key), signal: handlers.signal };
    const response = this.send(this.url, init, handlers);
    await this.follow(await unlessAborted(response, handlers.signal), handlers);
  }

  /** Attaches to a run, from its first event; resolves when it has ended. */
  async attach(runId: string, handlers: StreamHandlers): Promise<void> {
    const init = { headers: { Accept: "text/event-stream" }, signal: handlers.signal };
    const response = await this.send(this.pathUrl(`/runs/${runId}/events`), init, handlers);
    await this.follow(response, handlers);
  }

  /** Returns what the server knows about a thread's runs, if it is known to have runs. */
  async findRuns(threadId: string): Promise<ThreadRuns> {
    if (!this.hasRuns) return NO_RUNS;
    const url = this.pathUrl("/runs", { thread_id: threadId, status: "active" });
    const response = await this.send(url, {});
    if (response.status === 404 || response.status === 405) {
      this.hasRuns = false; // the page opted in for a server without runs
      return NO_RUNS;
    }
    if (!response.ok) throw await this.rejection(response);
    const body: unknown = await response.json();
    const found = isObject(body) ? body : {};
    const run: unknown = Array.isArray(found.items) ? found.items[0] : null;
    const { stopped_after: stopped, interrupted_after: interrupted } = found;
    const ids = (list: unknown) => (Array.isArray(list) ? list.map(String) : []);
    return {
      activeId: isObject(run) ? textOrNull(run.run_id) : null,
      cancelled: Array.isArray(stopped)
        ? { stopped: ids(stopped), interrupted: ids(interrupted) }
        : null,
    };
  }

  /** Returns a page of the threads that match; null if the server has no search. */
  async searchThreads(
    query: string,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<{ items: unknown[]; nextCursor: string | null } | null> {
    if (!this.hasRuns || !this.hasSearch) return null;
    const params = { q: query, ...(cursor === null ? {} : { cursor }) };
    const response = await this.send(this.pathUrl("/search/threads", params), { signal });
    if (response.status === 404 || response.status === 405) {
      this.hasSearch = false;
      return null;
    }
    if (!response.ok) throw await this.rejection(response);
    const page: unknown = await response.json();
    if (!isObject(page) || !Array.isArray(page.items)) return null;
    const { next_cursor: next } = page;
    return { items: page.items, nextCursor: typeof next === "string" ? next : null };
  }

  async cancel(runId: string): Promise<void> {
    const response = await this.send(this.pathUrl(`/runs/${runId}/cancel`), {
      method: "POST",
      keepalive: true,
    });
    if (!response.ok) throw await this.rejection(response);
  }

  /**
   * Uploads a file; returns the response if it is JSON.
   *
   * @param onProgress receives the share sent so far, unless the page's own `fetch` sends the file.
   */
  async upload(
    url: string,
    init: RequestInit,
    onProgress: (share: number) => void,
  ): Promise<JsonObject | null> {
    const progressFetch = hasUploadProgress() ? xhrFetch(onProgress) : undefined;
    const response = await this.send(new URL(url, this.url).href, init, undefined, progressFetch);
    if (!response.ok) throw await this.rejection(response);
    const body: unknown = await response.json().catch(() => null);
    return isObject(body) ? body : null;
  }

  private async follow(response: Response, handlers: StreamHandlers): Promise<void> {
    if (!response.ok) throw await this.rejection(response);
    const runId = response.headers.get("X-Run-Id");
    const threadId = response.headers.get("X-Thread-Id");
    this.learn(runId !== null || response.headers.has(RUNS_HEADER));
    handlers.onAccepted(runId === null ? null : { runId, threadId });
    if (isJson(response)) {
      // Some actions return a changed item instead of a stream.
      const body: unknown = await response.json();
      const item = isObject(body) ? body.updated_item : null;
      if (isObject(item)) handlers.onEvents([{ type: "thread.item.replaced", item }]);
    } else if (response.body !== null) {
      for await (const events of readEvents(response.body, handlers.signal)) {
        handlers.onEvents(events);
      }
    }
  }

  /** Sends a request; its handlers are called. */
  private async send(
    url: string,
    init: RequestInit,
    handlers?: StreamHandlers,
    fallback?: typeof fetch,
  ): Promise<Response> {
    try {
      return await this.fetch(handlers, fallback)(url, init);
    } catch (error) {
      if (error !== this.secretFailure) reportUnreachable(url, error);
      throw error;
    }
  }

  private async rejection(response: Response): Promise<RequestError> {
    const error = await toRequestError(response);
    reportRejectedOrigin(this.url, error);
    return error;
  }

  /** Returns the fetch for one request, which calls that request's handlers. */
  private fetch(handlers?: StreamHandlers, fallback?: typeof fetch): typeof fetch {
    const given = "fetch" in this.api ? this.api.fetch : undefined;
    if (given !== undefined && isResumable(given)) return given;
    const base = given ?? fallback;
    const resume = handlers === undefined ? this.hasRuns : this.mayHaveRuns;
    if (this.secrets === null && !resume) {
      return base ?? ((input, init) => globalThis.fetch(input, init));
    }
    return createResumableFetch({
      url: this.url,
      resume,
      ...(base === undefined ? {} : { fetch: base }),
      ...(this.secrets === null ? {} : { secrets: this.secrets }),
      ...handlers,
    });
  }

  private post(body: JsonObject, key: string | null): RequestInit {
    // A plain object: the official examples of `api.fetch` spread it to add headers.
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    // Only the displayed language, as the official client does.
    const locale = this.locale() ?? globalThis.navigator?.language;
    if (locale !== undefined) headers["Accept-Language"] = locale;
    if (urlOf(this.api) === undefined) Object.assign(headers, HOSTED_HEADERS);
    if (key === null ? this.hasRuns : this.mayHaveRuns) {
      headers["X-Timezone"] = Intl.DateTimeFormat().resolvedOptions().timeZone;
      if (key !== null) headers["Idempotency-Key"] = key;
    }
    return { method: "POST", headers, body: JSON.stringify(body) };
  }

  private learn(isRunServer: boolean): void {
    this.hasRuns ||= isRunServer;
    this.mayHaveRuns = this.hasRuns;
  }

  /** Returns the URL of a path below the chat's; the chat URL's query is kept. */
  private pathUrl(path: string, query: Readonly<Record<string, string>> = {}): string {
    const url = new URL(this.url);
    url.pathname = `${url.pathname.replace(/(?<!\/)\/+$/, "")}${path}`;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href;
  }

  private async requestSecret(current: string | null): Promise<string> {
    if (!hasSecret(this.api)) throw new Error("The options no longer have getClientSecret.");
    try {
      return await this.api.getClientSecret(current);
    } catch (error) {
      this.secretFailure = error;
      throw error;
    }
  }
}

/** Rejects at once when the signal aborts, which a page's own fetch may ignore. */
function unlessAborted(response: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      response.then((late) => late.body?.cancel()).catch(() => undefined);
    };
    signal.addEventListener("abort", abort, { once: true });
    response.finally(() => signal.removeEventListener("abort", abort)).then(resolve, reject);
  });
}

function urlOf(api: ApiConfig): string | undefined {
  return "url" in api ? api.url : undefined;
}

type WithSecret = Extract<ApiConfig, { getClientSecret: unknown }>;

function hasSecret(api: ApiConfig): api is WithSecret {
  return "getClientSecret" in api && typeof api.getClientSecret === "function";
}

/** Returns whether the page says that the server has runs: no official configuration has these. */
function optsIn(api: ApiConfig): boolean {
  if (!("url" in api) || api.url === undefined) return false;
  return hasSecret(api) || (api.fetch !== undefined && isResumable(api.fetch));
}

/**
 * Returns whether a server that hasn't shown any runs may get the headers. Across origins, it would
 * reject the whole request, and a page's own fetch gets what the official client passes.
 */
function mayGetHeaders(api: ApiConfig, url: string): boolean {
  if (!("url" in api) || api.url === undefined || api.fetch !== undefined) return false;
  return new URL(url).origin === globalThis.location?.origin;
}

/** Returns a key that is equal for the same server and user. */
function identity(api: ApiConfig): string {
  return JSON.stringify([urlOf(api) ?? null, hasSecret(api)]);
}

function isJson(response: Response): boolean {
  return /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
}
