/**
 * Keeps one response's body going over any number of connections, until one of these ends it:
 *
 *     `: end ...`                    -> the body ends
 *     410, the log has expired       -> `onExpired`, the body ends
 *     the reader cancels or aborts   -> the run is cancelled, unless the page goes away
 *     no way to reattach             -> the body fails with a ResumeError
 */

import type { Call } from "./call";
import { problemCode, ResumeError } from "./errors";
import { encodeEvent, type Frame, PING, readFrames } from "./frames";
import { meansStop } from "./leaving";
import type { EndStatus, ResumableFetchOptions, RunRef } from "./options";
import type { Sender } from "./sender";
import { backoffMs, networkBack, pause, retryAfterMs } from "./waiting";

export type RunStreamSettings = Pick<
  ResumableFetchOptions,
  "onReconnecting" | "onReconnected" | "onSnapshot" | "onExpired" | "onEnd"
> & { silenceMs: number; giveUpAfterMs: number };

type Controller = ReadableStreamDefaultController<Uint8Array>;

export class RunStream {
  private lastId = 0;
  private isOver = false;
  private connection = new AbortController();
  /** Aborts when the reader leaves. */
  private readonly leaving = new AbortController();
  /** Since when there has been no sign of life; null while there is. */
  private brokenSince: number | null = null;
  private attempt = 0;

  constructor(
    private readonly run: RunRef,
    private readonly url: string,
    private readonly rest: RequestInit,
    private readonly sender: Sender,
    private readonly settings: RunStreamSettings,
  ) {}

  /**
   * Makes the lasting body of a connection's. `connection` ends that one, `signal` the whole.
   */
  open(
    body: ReadableStream<Uint8Array>,
    connection: AbortController,
    signal: AbortSignal | null,
  ): ReadableStream<Uint8Array> {
    this.connection = connection;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        signal?.addEventListener("abort", () => this.abort(signal.reason, controller), {
          once: true,
          signal: this.leaving.signal,
        });
        void this.pump(body, controller);
      },
      cancel: (reason) => this.leave(reason),
    });
  }

  /** The caller's abort: the reader gets the reason as its error, as with any fetch. */
  private abort(reason: unknown, controller: Controller): void {
    if (this.isOver) return;
    this.leave(reason);
    controller.error(reason);
  }

  /** Stops reading. Unless the page goes away, the run is told to stop as well. */
  leave(reason: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connection.abort(reason);
    this.leaving.abort(reason);
    if (meansStop(reason)) void this.cancelRun();
  }

  /** Ends the run; outlives the page, since the person may close it right after. */
  async cancelRun(): Promise<void> {
    const call = this.call("POST", "cancel", { ...this.rest, keepalive: true });
    // Best effort: a run that can't be told ends by itself.
    await this.sender.send(call).catch(() => undefined);
  }

  private async pump(first: ReadableStream<Uint8Array>, controller: Controller): Promise<void> {
    let body: ReadableStream<Uint8Array> | null = first;
    try {
      while (body !== null && !this.isOver) {
        if (await this.relay(body, controller)) break;
        if (this.isOver) return;
        this.settings.onReconnecting?.(this.run);
        body = await this.reattach();
        if (body !== null) this.settings.onReconnected?.(this.run);
      }
      if (this.isOver) return;
      this.isOver = true;
      controller.close();
    } catch (error) {
      if (this.isOver) return;
      this.isOver = true;
      controller.error(error);
    }
  }

  /** Relays a connection; tells whether the run's end came. */
  private async relay(body: ReadableStream<Uint8Array>, controller: Controller): Promise<boolean> {
    try {
      for await (const frames of readFrames(body, this.settings.silenceMs)) {
        for (const frame of frames) {
          if (this.isOver) return false;
          if (this.say(frame, controller)) return true;
        }
      }
    } catch {
      // Dropped, or silent for too long; what matters is that the end marker hasn't come.
    } finally {
      this.connection.abort();
    }
    return false;
  }

  /** Passes one frame on; tells whether it is the end marker. */
  private say(frame: Frame, controller: Controller): boolean {
    if (frame.kind === "event") {
      this.noteLife();
      if (this.isNew(frame.id)) controller.enqueue(encodeEvent(frame.data));
      return false;
    }
    const [word, status] = frame.text.trim().split(" ");
    // `reconnect` and `unauthorized` are no signs of life: the connection ends after them.
    if (word === "ping" || word === "end" || word === "snapshot") this.noteLife();
    if (word === "ping") controller.enqueue(PING);
    if (word === "snapshot") this.settings.onSnapshot?.(this.run);
    if (word === "end") this.settings.onEnd?.(this.run, endStatus(status));
    return word === "end";
  }

  private noteLife(): void {
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

  /** Opens the next connection; null if the log has expired. */
  private async reattach(): Promise<ReadableStream<Uint8Array> | null> {
    let wait = backoffMs(this.attempt);
    for (;;) {
      await this.waitForTurn(wait);
      this.attempt += 1;
      const response = await this.tryAttach();
      if (response?.ok && response.body !== null) return response.body;
      if (response?.status === 410) {
        this.settings.onExpired?.(this.run);
        return null;
      }
      if (response !== null && !isPassing(response.status)) {
        const code = await problemCode(response);
        throw new ResumeError(`The answer can't be followed: ${code}`, code, response.status);
      }
      const asked = response === null ? null : retryAfterMs(response);
      wait = Math.max(backoffMs(this.attempt), asked ?? 0);
    }
  }

  /** Waits before a try. Time without a network doesn't count towards giving up. */
  private async waitForTurn(ms: number): Promise<void> {
    this.brokenSince ??= Date.now();
    if (Date.now() - this.brokenSince > this.settings.giveUpAfterMs) {
      throw new ResumeError("The server can't be reached.", "unreachable", null);
    }
    await pause(ms, this.leaving.signal);
    if (await networkBack(this.leaving.signal)) this.brokenSince = Date.now();
  }

  /** Asks for what comes after the last event; null if there was no answer in time. */
  private async tryAttach(): Promise<Response | null> {
    const connection = new AbortController();
    this.connection = connection;
    const timer = setTimeout(() => connection.abort(), this.settings.silenceMs);
    try {
      return await this.sender.send(this.call("GET", "events", this.rest), connection.signal);
    } catch (error) {
      if (this.isOver) throw error;
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
    return { url: `${this.url}/${path}`, method, headers, rest, body: null, signal: null };
  }
}

/** Whether trying again may help. */
function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

function endStatus(status: string | undefined): EndStatus {
  return status === "failed" || status === "cancelled" ? status : "completed";
}
