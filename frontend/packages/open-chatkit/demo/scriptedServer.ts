/**
 * A ChatKit server as a `fetch`: it responds from a script, so that pages and tests can show every
 * state of the element without a network.
 */

import type { ChatKitRequest, Thread, ThreadItem, ThreadStreamEvent } from "../src/core/types";

export type ScriptedServer = {
  fetch: typeof fetch;
  /** The requests, oldest first. */
  requests: ChatKitRequest[];
};

/** An event, or a delay before the next one: milliseconds, or a promise. */
type Step = ThreadStreamEvent | number | Promise<unknown>;

/** Returns the events of a response. */
export type Script = (request: ChatKitRequest, thread: Thread) => readonly Step[];

export type ScriptedServerOptions = {
  threads: Thread[];
  script: Script;
  /** Number of items in the response to `threads.get_by_id`. @default 20 */
  pageSize?: number;
};

const PAGE = 20;

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json" },
  });
}

function stream(events: readonly Step[], signal: AbortSignal | null): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      signal?.addEventListener("abort", () => controller.error(signal.reason));
      for (const event of events) {
        if (signal?.aborted) return;
        if (event instanceof Promise) await event;
        else if (typeof event === "number") await new Promise((done) => setTimeout(done, event));
        else controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
      }
      if (!signal?.aborted) controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function pageOf(
  items: readonly ThreadItem[],
  params: { after?: string; limit?: number; order?: string },
) {
  const ordered = params.order === "desc" ? [...items].reverse() : [...items];
  const from = params.after ? ordered.findIndex((item) => item.id === params.after) + 1 : 0;
  const data = ordered.slice(from, from + (params.limit ?? PAGE));
  const more = from + data.length < ordered.length;
  return { data, has_more: more, after: more ? data.at(-1)?.id : null };
}

let counter = 0;
const nextId = (kind: string): string => {
  counter += 1;
  return `${kind}_${counter}`;
};

/** Creates a server; pass its `fetch` to `api`. */
export function scriptedServer({
  threads,
  script,
  pageSize = PAGE,
}: ScriptedServerOptions): ScriptedServer {
  const requests: ChatKitRequest[] = [];
  const find = (id: string): Thread | undefined => threads.find((thread) => thread.id === id);

  function respondToMessage(request: ChatKitRequest, signal: AbortSignal | null): Response {
    const events: Step[] = [];
    let thread = "thread_id" in request.params ? find(String(request.params.thread_id)) : undefined;
    if (!thread) {
      thread = {
        id: nextId("thr"),
        created_at: new Date().toISOString(),
        status: { type: "active" },
        items: { data: [], has_more: false },
      };
      threads.unshift(thread);
      events.push({ type: "thread.created", thread });
    }
    if (request.type === "threads.create" || request.type === "threads.add_user_message") {
      const { content, quoted_text, inference_options } = request.params.input;
      const item: ThreadItem = {
        id: nextId("msg"),
        thread_id: thread.id,
        created_at: new Date().toISOString(),
        type: "user_message",
        content,
        attachments: [],
        quoted_text: quoted_text ?? null,
        inference_options,
      };
      thread.items.data.push(item);
      events.push(120, { type: "thread.item.done", item });
    }
    events.push({ type: "stream_options", stream_options: { allow_cancel: true } });
    const response = script(request, thread);
    for (const event of response) {
      if (typeof event === "object" && "type" in event && event.type === "thread.item.done") {
        thread.items.data.push(event.item);
      }
    }
    return stream([...events, ...response], signal);
  }

  function respond(request: ChatKitRequest, signal: AbortSignal | null): Response {
    switch (request.type) {
      case "threads.list": {
        const data = threads.map(({ items: _, ...thread }) => thread);
        return json({ data, has_more: false });
      }
      case "threads.get_by_id": {
        const thread = find(request.params.thread_id);
        if (!thread) return json({ detail: "not found" }, 404);
        return json({ ...thread, items: pageOf(thread.items.data, { limit: pageSize }) });
      }
      case "items.list":
        return json(pageOf(find(request.params.thread_id)?.items.data ?? [], request.params));
      case "threads.update": {
        const thread = find(request.params.thread_id);
        if (thread) thread.title = request.params.title;
        return json(thread ?? {});
      }
      case "threads.delete":
        threads.splice(
          threads.findIndex((thread) => thread.id === request.params.thread_id),
          1,
        );
        return json({});
      case "input.transcribe":
        return json({ text: "spoken text" });
      case "attachments.create":
      case "attachments.delete":
      case "items.feedback":
      case "threads.sync_custom_action":
        return json({});
      default:
        return respondToMessage(request, signal);
    }
  }

  return {
    requests,
    fetch: async (input, init) => {
      const body = init?.body ?? (input instanceof Request ? await input.text() : "");
      if (typeof body !== "string") {
        const file = body instanceof FormData ? body.get("file") : null;
        const name = file instanceof File ? file.name : "file";
        const type = file instanceof File ? file.type : "";
        return json({ type: "file", id: nextId("atc"), name, mime_type: type });
      }
      // A request for the active run: this server has no runs.
      if (body === "") return json({ items: [] });
      const request = JSON.parse(body) as ChatKitRequest;
      requests.push(request);
      return respond(request, init?.signal ?? null);
    },
  };
}
