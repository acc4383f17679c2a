/** Helpers for tests of the core: a scripted server and chats that use it. */

import { effect, type ReadonlySignal } from "@preact/signals-core";
import {
  type RecordedRequest,
  ScriptedGateway,
  type ScriptedResponse,
  type ScriptedRun,
} from "resumable-fetch/testing";
import { afterEach, beforeEach, vi } from "vitest";
import { type Chat, type ChatEvent, type ChatOptions, createChat } from "../src/core";
import { fullThread, page } from "./fixtures/items";

export type Server = ScriptedGateway & {
  /** The items of the open thread. */
  items: object[];
  /** Response handlers by request type; they override the defaults. */
  handlers: Record<
    string,
    (params: Record<string, unknown>, request: RecordedRequest) => ScriptedResponse
  >;
};

async function startServer(): Promise<Server> {
  const gateway = await ScriptedGateway.start();
  const server: Server = Object.assign(gateway, { items: [], handlers: {} });
  server.onChat = (body, request) => {
    const type = String(body.type);
    const params = body.params as Record<string, unknown>;
    const own = server.handlers[type];
    if (own !== undefined) return own(params, request);
    if (type === "threads.get_by_id") return { json: fullThread(server.items) };
    if (type === "threads.list" || type === "items.list") return { json: page([]) };
    return { json: {} };
  };
  return server;
}

/** The test's server, and its run `run_1`, which has not started. */
export let server: Server;
export let run: ScriptedRun;

/** Creates a `server` and a `run` for each test of a file. */
export function eachWithServer(prepare: () => void = () => {}): void {
  beforeEach(async () => {
    // No jitter, so that retries are immediate.
    vi.spyOn(Math, "random").mockReturnValue(0);
    server = await startServer();
    run = server.newRun("run_1");
    prepare();
  });
  afterEach(async () => {
    for (const chat of opened.splice(0)) chat.dispose();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    await server.stop();
  });
}

/** Opens a chat with a loaded thread. */
export async function openThread(options: Partial<ChatOptions> = {}): Promise<TestChat> {
  const chat = openChat({ initialThread: "thr_1", ...options });
  await loaded(chat);
  return chat;
}

export const loaded = (chat: Chat) =>
  until(chat.isLoading, (loading) => !loading && chat.thread.peek() !== null);

/** A chat and the events that it emitted. */
export type TestChat = Chat & { emitted: ChatEvent[]; logged(name: string): unknown[] };

const opened: TestChat[] = [];

export function openChat(options: Partial<ChatOptions> = {}): TestChat {
  const api = { url: server.url, getClientSecret: async () => "secret" };
  const chat = createChat({ api, ...options });
  const emitted: ChatEvent[] = [];
  chat.on((event) => emitted.push(event));
  const logged = (name: string) =>
    emitted.flatMap((event) =>
      event.type === "chatkit.log" && event.detail.name === name ? [event.detail.data] : [],
    );
  const both = Object.assign(chat, { emitted, logged });
  opened.push(both);
  return both;
}

/** Upper bound for slow machines; only a failing test waits this long. */
const TIMEOUT_MS = 20_000;

/** Waits until a check passes. */
export const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: TIMEOUT_MS });

/** Waits until a signal's value matches. */
export function until<T>(signal: ReadonlySignal<T>, matches: (value: T) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`still ${JSON.stringify(signal.peek())}`)),
      TIMEOUT_MS,
    );
    let dispose = () => {};
    dispose = effect(() => {
      const { value } = signal;
      if (!matches(value)) return;
      clearTimeout(timer);
      queueMicrotask(() => dispose());
      resolve(value);
    });
  });
}

/** Waits until the chat is idle again. */
export const idle = (chat: Chat) => until(chat.isResponding, (responding) => !responding);

/** Returns the text of the items, one line per item. */
export function shown(chat: Chat): string[] {
  return chat.items.value.map((item) => {
    if (item.type === "user_message") return `> ${item.content.map((part) => part.text).join("")}`;
    if (item.type === "assistant_message") return item.content.map((part) => part.text).join("");
    return item.type;
  });
}

/** Waits until the items have exactly these lines. */
export const untilShown = (chat: Chat, lines: string[]) =>
  until(chat.items, () => JSON.stringify(shown(chat)) === JSON.stringify(lines));

/** Returns the parameters of the requests of a type. */
export function paramsOf(type: string): Record<string, unknown>[] {
  return server.requestsOf(type).map((request) => JSON.parse(request.body).params);
}
