/** Helpers for tests of the element: a page with one element and a scripted server. */

import type { ChatKitOptions, OpenAIChatKit } from "@openai/chatkit";
import { within } from "@testing-library/preact";
import { type Script, type ScriptedServer, scriptedServer } from "../../demo/scriptedServer";
import type {
  AssistantMessageItem,
  Thread,
  ThreadItem,
  ThreadStreamEvent,
} from "../../src/core/types";
import "../../src/index";
import type { UiOptions } from "../../src/ui/context";
import { widgetViews } from "../../src/ui/items/Widget";

export type Page = {
  element: OpenAIChatKit;
  server: ScriptedServer;
  /** Queries for the shadow root. */
  view: ReturnType<typeof within>;
  /** The official events' names, in order. */
  events: string[];
};

type Extra = Partial<Omit<ChatKitOptions, "api"> & Pick<UiOptions, "clientTools">> & {
  threads?: Thread[];
  script?: Script;
  /** Replaces the scripted server. */
  fetch?: typeof fetch;
};

const EVENTS = [
  "chatkit.ready",
  "chatkit.error",
  "chatkit.response.start",
  "chatkit.response.end",
  "chatkit.thread.change",
  "chatkit.history.open",
  "chatkit.history.close",
  "chatkit.deeplink",
  "chatkit.tool.change",
];

/** Adds an element to the page and waits until it is ready. */
export async function openPage({
  threads = [],
  script = () => [],
  fetch,
  ...options
}: Extra = {}): Promise<Page> {
  // Tests see a widget as soon as its item is there.
  await widgetViews.load();
  const server = scriptedServer({ threads, script });
  const element = document.createElement("openai-chatkit");
  const events: string[] = [];
  for (const name of EVENTS) element.addEventListener(name, () => events.push(name));
  const ready = new Promise((resolve) => element.addEventListener("chatkit.ready", resolve));
  element.setOptions({
    api: { url: "http://localhost/chatkit", domainKey: "test", fetch: fetch ?? server.fetch },
    locale: "en",
    ...options,
  });
  document.body.append(element);
  await ready;
  const root = element.shadowRoot as unknown as HTMLElement;
  return { element, server, view: within(root), events };
}

export function leavePage(): void {
  document.body.replaceChildren();
  sessionStorage.clear();
  localStorage.clear();
}

/** Reloads the page: the element is new, and the tab's storage stays. */
export function reloadPage(extra: Extra): Promise<Page> {
  document.body.replaceChildren();
  return openPage(extra);
}

let counter = 0;

export function userItem(text: string): ThreadItem {
  counter += 1;
  return {
    id: `u${counter}`,
    thread_id: "thr_1",
    created_at: "2026-11-23T08:00:00Z",
    type: "user_message",
    content: [{ type: "input_text", text }],
    attachments: [],
    inference_options: {},
  };
}

export function assistantItem(text: string, id?: string): AssistantMessageItem {
  counter += 1;
  return {
    id: id ?? `a${counter}`,
    thread_id: "thr_1",
    created_at: "2026-11-23T08:00:00Z",
    type: "assistant_message",
    content: [{ type: "output_text", text, annotations: [] }],
  };
}

export function thread(items: ThreadItem[], extra: Partial<Thread> = {}): Thread {
  return {
    id: "thr_1",
    title: "A chat",
    created_at: "2026-11-23T08:00:00Z",
    status: { type: "active" },
    items: { data: items, has_more: false },
    ...extra,
  };
}

/** Returns a script that responds to each message immediately. */
export const respondWith =
  (text: string): Script =>
  (): ThreadStreamEvent[] => {
    const item = assistantItem(text);
    return [
      { type: "thread.item.added", item: { ...item, content: [] } },
      { type: "thread.item.done", item },
    ];
  };
