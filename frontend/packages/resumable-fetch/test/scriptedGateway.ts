/**
 * A gateway for tests, over real HTTP. It implements the gateway's wire protocol (IDs, pings, end
 * marker, attach, cancel, problems) and sends the events that a test publishes.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type RecordedRequest = {
  method: string;
  path: string;
  headers: Record<string, string | undefined>;
  body: string;
};

export type ScriptedResponse =
  | { run: ScriptedRun; headers?: Record<string, string> }
  | { json: unknown; status?: number; headers?: Record<string, string> }
  | { events: unknown[] }
  | "cut-off";

type Handler = (
  body: Record<string, unknown>,
  request: RecordedRequest,
) => ScriptedResponse | Promise<ScriptedResponse>;

/** One run: a log that is sent to every viewer, stored frames first, then live ones. */
export class ScriptedRun {
  readonly frames: { seq: number; text: string }[] = [];
  readonly viewers = new Set<ServerResponse>();
  cancels = 0;
  status = "running";
  isLogExpired = false;
  /** True once it was requested or published an event; only then can it be found. */
  hasStarted = false;
  /** Called by a cancel request. */
  onCancel: () => void = () => this.end("cancelled");
  private seq = 0;

  constructor(
    readonly id: string,
    readonly threadId: string,
  ) {}

  publish(...events: unknown[]): this {
    for (const event of events) this.write(`data: ${JSON.stringify(event)}\n\n`);
    return this;
  }

  end(status: "completed" | "failed" | "cancelled" = "completed"): this {
    if (this.status !== "running") return this;
    this.status = status;
    this.write(`: end ${status}\n\n`);
    for (const viewer of this.viewers) viewer.end();
    return this;
  }

  /** Loses the log; later events have much higher IDs. */
  snapshot(): this {
    this.frames.length = 0;
    this.seq += 10_000;
    this.write(": snapshot\n\n");
    return this;
  }

  /** Writes text to the viewers without logging it. */
  writeUnlogged(text: string): this {
    for (const viewer of this.viewers) viewer.write(text);
    return this;
  }

  /** Drops every viewer's connection, as a network failure does. */
  drop(): this {
    for (const viewer of this.viewers) viewer.destroy();
    this.viewers.clear();
    return this;
  }

  /** Closes every viewer's stream as a draining gateway does. */
  drain(): this {
    this.writeUnlogged(": reconnect\n\n");
    for (const viewer of this.viewers) viewer.end();
    this.viewers.clear();
    return this;
  }

  /** Expires the log. */
  expireLog(): this {
    this.isLogExpired = true;
    if (this.status === "running") this.status = "completed";
    return this;
  }

  watch(response: ServerResponse, after: number, headers: Record<string, string> = {}): void {
    this.hasStarted = true;
    response.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "X-Run-Id": this.id,
      "X-Thread-Id": this.threadId,
      ...headers,
    });
    response.flushHeaders();
    for (const frame of this.frames) if (frame.seq > after) response.write(frame.text);
    if (this.status !== "running") {
      response.end();
      return;
    }
    this.viewers.add(response);
    response.on("close", () => this.viewers.delete(response));
  }

  private write(text: string): void {
    this.hasStarted = true;
    this.seq += 1;
    const frame = { seq: this.seq, text: `id: ${this.seq}\n${text}` };
    this.frames.push(frame);
    for (const viewer of this.viewers) viewer.write(frame.text);
  }
}

export class ScriptedGateway {
  readonly requests: RecordedRequest[] = [];
  readonly runs = new Map<string, ScriptedRun>();
  /** Handles chat requests; tests replace it. */
  onChat: Handler = () => ({ json: {} });
  /** Intercepts every request first, for example to reject a secret; null lets it pass. */
  onRequest: (request: RecordedRequest) => ScriptedResponse | null = () => null;
  /** False imitates a foreign server, which doesn't know runs. */
  hasRuns = true;
  /** The last items of cancelled responses; undefined imitates an older server. */
  stoppedAfter: string[] | undefined;
  interruptedAfter: string[] | undefined;
  private server: Server | null = null;

  private constructor(readonly userId: string) {}

  static async start(userId = "usr_1"): Promise<ScriptedGateway> {
    const gateway = new ScriptedGateway(userId);
    const server = createServer((request, response) => {
      gateway
        .handle(request, response)
        .catch((error: unknown) => response.destroy(Error(`${error}`)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    gateway.server = server;
    return gateway;
  }

  get origin(): string {
    const address = this.server?.address() as AddressInfo;
    return `http://127.0.0.1:${address.port}`;
  }

  get url(): string {
    return `${this.origin}/api/${this.userId}/chat`;
  }

  newRun(id: string, threadId = "thr_1"): ScriptedRun {
    const run = new ScriptedRun(id, threadId);
    this.runs.set(id, run);
    return run;
  }

  /** Returns the requests of a ChatKit type, or whose path ends with a string. */
  requestsOf(kind: string): RecordedRequest[] {
    return this.requests.filter(
      (request) => request.path.split("?")[0]?.endsWith(kind) || typeOf(request) === kind,
    );
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const recorded = await record(request);
    if (recorded.method === "OPTIONS") {
      sendJson(response, 204, {});
      return;
    }
    this.requests.push(recorded);
    const early = this.onRequest(recorded);
    const url = new URL(recorded.path, this.origin);
    const [, runId, verb] = /\/runs\/([^/]+)\/(events|cancel)$/.exec(url.pathname) ?? [];
    if (early !== null) this.respond(response, early);
    else if (!this.hasRuns && /\/runs\b/.test(url.pathname)) sendJson(response, 404, {});
    else if (runId !== undefined) this.handleRunRequest(response, recorded, runId, verb);
    else if (url.pathname.endsWith("/runs")) this.findRuns(response, url);
    else this.respond(response, await this.onChat(parsed(recorded.body), recorded));
  }

  private handleRunRequest(
    response: ServerResponse,
    request: RecordedRequest,
    runId: string,
    verb: string | undefined,
  ): void {
    const run = this.runs.get(runId);
    if (run === undefined) {
      sendProblem(response, 404, "run-not-found");
    } else if (verb === "cancel") {
      run.cancels += 1;
      sendJson(response, 202, { status: run.status });
      run.onCancel();
    } else if (run.isLogExpired) {
      sendProblem(response, 410, "run-log-expired");
    } else {
      run.watch(response, Number(request.headers["last-event-id"] ?? 0));
    }
  }

  private findRuns(response: ServerResponse, url: URL): void {
    const threadId = url.searchParams.get("thread_id");
    const items = [...this.runs.values()]
      .filter((run) => run.threadId === threadId && run.hasStarted && run.status === "running")
      .map((run) => ({
        run_id: run.id,
        thread_id: run.threadId,
        status: run.status,
        created_at: "2026-01-01T00:00:00Z",
      }));
    sendJson(response, 200, {
      items,
      stopped_after: this.stoppedAfter,
      interrupted_after: this.interruptedAfter,
    });
  }

  private respond(response: ServerResponse, scripted: ScriptedResponse): void {
    if (scripted === "cut-off") {
      response.socket?.destroy();
    } else if ("run" in scripted) {
      scripted.run.watch(response, 0, scripted.headers);
    } else if ("events" in scripted) {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      for (const event of scripted.events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end();
    } else {
      const headers = { ...(this.hasRuns ? { "X-Resumable": "1" } : {}), ...scripted.headers };
      sendJson(response, scripted.status ?? 200, scripted.json, headers);
    }
  }
}

/** Returns a problem document as the gateway sends it. */
export function problem(
  status: number,
  code: string,
  members: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): ScriptedResponse {
  const json = {
    type: `urn:todochat:problem:${code}`,
    title: code,
    status,
    detail: code,
    ...members,
  };
  return { json, status, headers: { "Content-Type": "application/problem+json", ...headers } };
}

const ALLOW_ALL = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "*, Authorization",
  "Access-Control-Allow-Methods": "*",
  "Access-Control-Expose-Headers": "X-Resumable, X-Run-Id, X-Thread-Id",
};

function sendJson(
  response: ServerResponse,
  status: number,
  json: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "Content-Type": "application/json", ...ALLOW_ALL, ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(json));
}

function sendProblem(response: ServerResponse, status: number, code: string): void {
  sendJson(response, status, { type: `urn:todochat:problem:${code}`, status, detail: code });
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers as Record<string, string | undefined>,
    body: Buffer.concat(chunks).toString(),
  };
}

function parsed(body: string): Record<string, unknown> {
  return body.startsWith("{") ? JSON.parse(body) : {};
}

function typeOf(request: RecordedRequest): string | null {
  return /^\{"type":"([^"]+)"/.exec(request.body)?.[1] ?? null;
}
