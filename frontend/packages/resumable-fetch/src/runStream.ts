/**
 * Continues one response body over any number of connections, until one of these ends it:
 *
 *     `: end ...`                    -> the body ends
 *     410, the log has expired       -> `onExpired`, the body ends
 *     the reader cancels or aborts   -> the run is cancelled, unless the page unloads
 *     reattaching fails              -> the body fails with a ResumeError
 */

import { cancelsRun } from "./abortReason";
import { backoffMs, pause, retryAfterMs, waitForNetwork } from "./backoff";
import type { Call } from "./call";
import { problemCode, ResumeError } from "./errors";
import { encodeEvent, type Frame, PING, readFrames } from "./frames";
import type { EndStatus, ResumableFetchOptions, RunRef } from "./options";
import type { Sender } from "./sender";

export type RunStreamSettings = Pick<
  ResumableFetchOptions,
  "onReconnecting" | "onReconnected" | "onSnapshot" | "onExpired" | "onEnd"
> & { silenceMs: number; giveUpAfterMs: number };

type Controller = ReadableStreamDefaultController<Uint8Array>;

export class RunStream {
  private lastId = 0;
  private hasEnded = false;
  private connection = new AbortController();
  /** Aborted when the reader cancels or aborts. */
  private readonly leaving = new AbortController();
  /** Start of the current outage; null while frames arrive. */
  private brokenSince: number | null = null;
  private attempt = 0;

  constructor(
    private readonly run: RunRef,
    private readonly urlOf: (path: "events" | "cancel") => string,
    private readonly rest: RequestInit,
    private readonly sender: Sender,
    private readonly settings: RunStreamSettings,
  ) {}

  /** Returns the resumable body. `connection` ends the first connection, `signal` all of them. */
  open(
    body: ReadableStream<Uint8Array>,
    connection: AbortController,
    signal: AbortSignal | null,
  ): ReadableStream<Uint8Array> {
    this.connection = connection;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const abort = () => {
          if (this.hasEnded) return;
          this.leave(signal?.reason);
          controller.error(signal?.reason);
        };
        signal?.addEventListener("abort", abort, { once: true, signal: this.leaving.signal });
        void this.pump(body, controller);
      },
      cancel: (reason) => this.leave(reason),
    });
  }

  /** Stops reading and, unless the page unloads, cancels the run. */
  leave(reason: unknown): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.connection.abort(reason);
    this.leaving.abort(reason);
    if (cancelsRun(reason)) void this.cancelRun();
  }

  /** Cancels the run, best effort. The request outlives the page, which may be closed next. */
  async cancelRun(): Promise<void> {
    const call = this.call("POST", "cancel", { ...this.rest, keepalive: true });
    await this.sender.send(call).catch(() => undefined);
  }

  private async pump(first: ReadableStream<Uint8Array>, controller: Controller): Promise<void> {
    let body: ReadableStream<Uint8Array> | null = first;
    try {
      while (body !== null && !this.hasEnded) {
        if (await this.relay(body, controller)) break;
        if (this.hasEnded) return;
        this.settings.onReconnecting?.(this.run);
        body = await this.reattach();
        if (body !== null) this.settings.onReconnected?.(this.run);
      }
      if (this.hasEnded) return;
      this.hasEnded = true;
      controller.close();
    } catch (error) {
      if (this.hasEnded) return;
      this.hasEnded = true;
      controller.error(error);
    }
  }

  /** Relays a connection's frames; returns whether the end marker arrived. */
  private async relay(body: ReadableStream<Uint8Array>, controller: Controller): Promise<boolean> {
    try {
      for await (const frames of readFrames(body, this.settings.silenceMs)) {
        for (const frame of frames) {
          if (this.hasEnded) return false;
          if (this.relayFrame(frame, controller)) return true;
        }
      }
    } catch {
      // Dropped or timed out, and the end marker has not arrived.
    } finally {
      this.connection.abort();
    }
    return false;
  }

  /** Relays one frame; returns whether it is the end marker. */
  private relayFrame(frame: Frame, controller: Controller): boolean {
    if (frame.kind === "event") {
      this.recordLiveness();
      if (this.isNew(frame.id)) controller.enqueue(encodeEvent(frame.data));
      return false;
    }
    const [word, status] = frame.text.trim().split(" ");
    // `reconnect` and `unauthorized` don't count as liveness: the connection ends after them.
    if (word === "ping" || word === "end" || word === "snapshot") this.recordLiveness();
    if (word === "ping") controller.enqueue(PING);
    if (word === "snapshot") this.settings.onSnapshot?.(this.run);
    if (word === "end") this.settings.onEnd?.(this.run, endStatus(status));
    return word === "end";
  }

  private recordLiveness(): void {
    this.brokenSince = null;
    this.attempt = 0;
  }

  private isNew(id: string | null): boolean {
    const seq = Number(id ?? Number.NaN);
    if (!Number.isInteger(seq)) return true;
    if (seq <= this.lastId) return false;
    this.lastId = seq;
    return true;
  }

  /** Opens the next connection; returns null if the log has expired. */
  private async reattach(): Promise<ReadableStream<Uint8Array> | null> {
    let wait = backoffMs(this.attempt);
    for (;;) {
      await this.waitBeforeAttempt(wait);
      this.attempt += 1;
      const response = await this.tryAttach();
      if (response?.ok && response.body !== null) return response.body;
      if (response?.status === 410) {
        this.settings.onExpired?.(this.run);
        return null;
      }
      if (response !== null && !isTransient(response.status)) {
        const code = await problemCode(response);
        throw new ResumeError(`The stream can't be resumed: ${code}`, code, response.status);
      }
      const retryAfter = response === null ? null : retryAfterMs(response);
      wait = Math.max(backoffMs(this.attempt), retryAfter ?? 0);
    }
  }

  /** Waits before an attempt. Time without a network doesn't count towards `giveUpAfterMs`. */
  private async waitBeforeAttempt(ms: number): Promise<void> {
    this.brokenSince ??= Date.now();
    if (Date.now() - this.brokenSince > this.settings.giveUpAfterMs) {
      throw new ResumeError("The server can't be reached.", "unreachable", null);
    }
    await pause(ms, this.leaving.signal);
    if (await waitForNetwork(this.leaving.signal)) this.brokenSince = Date.now();
  }

  /** Requests the events after the last one; returns null if there was no response in time. */
  private async tryAttach(): Promise<Response | null> {
    const connection = new AbortController();
    this.connection = connection;
    const timer = setTimeout(() => connection.abort(), this.settings.silenceMs);
    try {
      return await this.sender.send(this.call("GET", "events", this.rest), connection.signal);
    } catch (error) {
      if (this.hasEnded) throw error;
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  private call(method: "GET" | "POST", path: "events" | "cancel", rest: RequestInit): Call {
    const headers = new Headers();
    if (path === "events") {
      headers.set("Accept", "text/event-stream");
      headers.set("X-Resumable", "1");
      if (this.lastId > 0) headers.set("Last-Event-ID", String(this.lastId));
    }
    return { url: this.urlOf(path), method, headers, rest, body: null, signal: null };
  }
}

/** Returns whether a retry may succeed. */
function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

function endStatus(status: string | undefined): EndStatus {
  return status === "failed" || status === "cancelled" ? status : "completed";
}
