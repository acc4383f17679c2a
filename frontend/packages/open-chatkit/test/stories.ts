/** What the stories share: a server whose threads can be set, and a chat that opens it. */

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
  /** What the open thread holds. */
  items: object[];
  /** Answers by request type; those given here come before the usual ones. */
  answers: Record<
    string,
    (params: Record<string, unknown>, request: RecordedRequest) => ScriptedResponse
  >;
};

async function startServer(): Promise<Server> {
  const gateway = await ScriptedGateway.start();
  const server: Server = Object.assign(gateway, { items: [], answers: {} });
  server.onChat = (body, request) => {
    const type = String(body.type);
    const params = body.params as Record<string, unknown>;
    const own = server.answers[type];
    if (own !== undefined) return own(params, request);
    if (type === "threads.get_by_id") return { json: fullThread(server.items) };
    if (type === "threads.list" || type === "items.list") return { json: page([]) };
    return { json: {} };
  };
  return server;
}

/** The story's server, and a run `run_1` at it that has not begun. */
export let server: Server;
export let run: ScriptedRun;

/** Gives each story of a file its own `server` and `run`. */
export function eachWithServer(prepare: () => void = () => {}): void {
  beforeEach(async () => {
    // No jitter, so that stories don't wait.
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

/** A chat whose thread is open and loaded. */
export async function openThread(options: Partial<ChatOptions> = {}): Promise<Opened> {
  const chat = openChat({ initialThread: "thr_1", ...options });
  await loaded(chat);
  return chat;
}

export const loaded = (chat: Chat) =>
  until(chat.isLoading, (loading) => !loading && chat.thread.peek() !== null);

/** A chat, and what it has told the page. */
export type Opened = Chat & { told: ChatEvent[]; logged(name: string): unknown[] };

const opened: Opened[] = [];

export function openChat(options: Partial<ChatOptions> = {}): Opened {
  const api = { url: server.url, getClientSecret: async () => "secret" };
  const chat = createChat({ api, ...options });
  const told: ChatEvent[] = [];
  chat.on((event) => told.push(event));
  const logged = (name: string) =>
    told.flatMap((event) =>
      event.type === "chatkit.log" && event.detail.name === name ? [event.detail.data] : [],
    );
  const both = Object.assign(chat, { told, logged });
  opened.push(both);
  return both;
}

/** Only a failing story waits for so long; a machine under load is slow. */
const PATIENCE_MS = 20_000;

/** Waits until a check passes. */
export const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: PATIENCE_MS });

/** Waits until a signal's value is right. */
export function until<T>(signal: ReadonlySignal<T>, isRight: (value: T) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`still ${JSON.stringify(signal.peek())}`)),
      PATIENCE_MS,
    );
    let dispose = () => {};
    dispose = effect(() => {
      const { value } = signal;
      if (!isRight(value)) return;
      clearTimeout(timer);
      queueMicrotask(() => dispose());
      resolve(value);
    });
  });
}

/** Waits until the chat is idle again. */
export const idle = (chat: Chat) => until(chat.isResponding, (responding) => !responding);

/** The text of what is shown, one line per item. */
export function shown(chat: Chat): string[] {
  return chat.items.value.map((item) => {
    if (item.type === "user_message") return `> ${item.content.map((part) => part.text).join("")}`;
    if (item.type === "assistant_message") return item.content.map((part) => part.text).join("");
    return item.type;
  });
}

/** Waits until exactly this is shown. */
export const untilShown = (chat: Chat, lines: string[]) =>
  until(chat.items, () => JSON.stringify(shown(chat)) === JSON.stringify(lines));

/** The parameters of the requests of one type. */
export function askedFor(type: string): Record<string, unknown>[] {
  return server.requestsOf(type).map((request) => JSON.parse(request.body).params);
}
