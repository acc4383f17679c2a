/**
 * A gateway for tests, over real HTTP: it speaks the wire of the real one (ids, pings, end
 * marker, attach, cancel, problems), and says what the test tells it to.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Recorded = {
  method: string;
  path: string;
  headers: Record<string, string | undefined>;
  body: string;
};

export type Answer =
  | { run: ScriptedRun; headers?: Record<string, string> }
  | { json: unknown; status?: number; headers?: Record<string, string> }
  | { events: unknown[] }
  | "cut-off";

type Handler = (body: Record<string, unknown>, request: Recorded) => Answer | Promise<Answer>;

/** One run: a log that is said to every viewer, stored frames first, then live ones. */
export class ScriptedRun {
  readonly frames: { seq: number; text: string }[] = [];
  readonly viewers = new Set<ServerResponse>();
  cancels = 0;
  status = "running";
  isForgotten = false;
  /** Somebody has asked for it, or it has said something: only then can it be found. */
  hasBegun = false;
  /** What a cancel does. */
  onCancel: () => void = () => this.end("cancelled");
  private seq = 0;

  constructor(
    readonly id: string,
    readonly threadId: string,
  ) {}

  say(...events: unknown[]): this {
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

  /** The log is lost; what follows has much higher ids. */
  snapshot(): this {
    this.frames.length = 0;
    this.seq += 10_000;
    this.write(": snapshot\n\n");
    return this;
  }

  /** Says something that isn't in the log. */
  aside(text: string): this {
    for (const viewer of this.viewers) viewer.write(text);
    return this;
  }

  /** Cuts every viewer's connection, as a network does. */
  drop(): this {
    for (const viewer of this.viewers) viewer.destroy();
    this.viewers.clear();
    return this;
  }

  /** Closes every viewer's stream the way a draining gateway does. */
  drain(): this {
    this.aside(": reconnect\n\n");
    for (const viewer of this.viewers) viewer.end();
    this.viewers.clear();
    return this;
  }

  /** Its log expires. */
  forget(): this {
    this.isForgotten = true;
    if (this.status === "running") this.status = "completed";
    return this;
  }

  watch(response: ServerResponse, after: number, headers: Record<string, string> = {}): void {
    this.hasBegun = true;
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
    this.hasBegun = true;
    this.seq += 1;
    const frame = { seq: this.seq, text: `id: ${this.seq}\n${text}` };
    this.frames.push(frame);
    for (const viewer of this.viewers) viewer.write(frame.text);
  }
}

export class ScriptedGateway {
  readonly requests: Recorded[] = [];
  readonly runs = new Map<string, ScriptedRun>();
  /** Answers a chat request; tests replace it. */
  onChat: Handler = () => ({ json: {} });
  /** Looks at every request first, for example to refuse a secret. */
  onRequest: (request: Recorded) => Answer | null = () => null;
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

  /** The requests of one kind: a ChatKit type, or the end of a path. */
  asked(what: string): Recorded[] {
    return this.requests.filter(
      (request) => request.path.split("?")[0]?.endsWith(what) || typeOf(request) === what,
    );
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const recorded = await record(request);
    if (recorded.method === "OPTIONS") {
      sayJson(response, 204, {});
      return;
    }
    this.requests.push(recorded);
    const early = this.onRequest(recorded);
    const url = new URL(recorded.path, this.origin);
    const [, runId, verb] = /\/runs\/([^/]+)\/(events|cancel)$/.exec(url.pathname) ?? [];
    if (early !== null) this.answer(response, early);
    else if (runId !== undefined) this.aboutRun(response, recorded, runId, verb);
    else if (url.pathname.endsWith("/runs")) this.findRuns(response, url);
    else this.answer(response, await this.onChat(parsed(recorded.body), recorded));
  }

  private aboutRun(
    response: ServerResponse,
    request: Recorded,
    runId: string,
    verb: string | undefined,
  ): void {
    const run = this.runs.get(runId);
    if (run === undefined) {
      sayProblem(response, 404, "run-not-found");
    } else if (verb === "cancel") {
      run.cancels += 1;
      sayJson(response, 202, { status: run.status });
      run.onCancel();
    } else if (run.isForgotten) {
      sayProblem(response, 410, "run-log-expired");
    } else {
      run.watch(response, Number(request.headers["last-event-id"] ?? 0));
    }
  }

  private findRuns(response: ServerResponse, url: URL): void {
    const threadId = url.searchParams.get("thread_id");
    const items = [...this.runs.values()]
      .filter((run) => run.threadId === threadId && run.hasBegun && run.status === "running")
      .map((run) => ({
        run_id: run.id,
        thread_id: run.threadId,
        status: run.status,
        created_at: "2026-01-01T00:00:00Z",
      }));
    sayJson(response, 200, { items });
  }

  private answer(response: ServerResponse, answer: Answer): void {
    if (answer === "cut-off") {
      response.socket?.destroy();
    } else if ("run" in answer) {
      answer.run.watch(response, 0, answer.headers);
    } else if ("events" in answer) {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      for (const event of answer.events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end();
    } else {
      sayJson(response, answer.status ?? 200, answer.json, answer.headers);
    }
  }
}

/** A problem as the real gateway says it. */
export function problem(
  status: number,
  code: string,
  members: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Answer {
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
  "Access-Control-Expose-Headers": "X-Run-Id, X-Thread-Id",
};

function sayJson(
  response: ServerResponse,
  status: number,
  json: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "Content-Type": "application/json", ...ALLOW_ALL, ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(json));
}

function sayProblem(response: ServerResponse, status: number, code: string): void {
  sayJson(response, status, { type: `urn:todochat:problem:${code}`, status, detail: code });
}

async function record(request: IncomingMessage): Promise<Recorded> {
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

function typeOf(request: Recorded): string | null {
  return /^\{"type":"([^"]+)"/.exec(request.body)?.[1] ?? null;
}
