import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useLiveWidgets } from "@/hooks/useLiveWidgets";
import { listenToChanges } from "@/lib/sharedFeed";
import { useAuthStore } from "@/stores/authStore";

/** A server with nothing but change feeds. */
const feeds: ReadableStreamDefaultController<Uint8Array>[] = [];
let aborted = 0;

async function fetchFeed(_input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  init?.signal?.addEventListener("abort", () => {
    aborted += 1;
  });
  const body = new ReadableStream<Uint8Array>({ start: (feed) => void feeds.push(feed) });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

function publish(type: string): void {
  const change = { type, seq: 1, actor: "user", task: null, list: null };
  feeds.at(-1)?.enqueue(new TextEncoder().encode(`id: 1\ndata: ${JSON.stringify(change)}\n\n`));
}

beforeEach(() => {
  feeds.length = 0;
  aborted = 0;
  useAuthStore.setState({ user: { id: "usr_1" } as never, isAuthenticated: true });
  vi.stubGlobal("fetch", fetchFeed);
});
afterEach(() => vi.unstubAllGlobals());

describe("useLiveWidgets", () => {
  it("reloads the thread once for changes that come together", async () => {
    const fetchUpdates = vi.fn(async () => {});
    const { unmount } = renderHook(() => useLiveWidgets(true, fetchUpdates));
    await vi.waitFor(() => expect(feeds).toHaveLength(1));
    publish("feed.ready.v1");
    publish("task.updated.v1");
    publish("task.deleted.v1");
    await vi.waitFor(() => expect(fetchUpdates).toHaveBeenCalledTimes(1));
    publish("feed.reset.v1");
    await vi.waitFor(() => expect(fetchUpdates).toHaveBeenCalledTimes(2));
    unmount();
    await vi.waitFor(() => expect(aborted).toBeGreaterThan(0));
  });

  it("reloads again for a change during a reload", async () => {
    let finish = () => {};
    const fetchUpdates = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const { unmount } = renderHook(() => useLiveWidgets(true, fetchUpdates));
    await vi.waitFor(() => expect(feeds).toHaveLength(1));
    publish("task.updated.v1");
    await vi.waitFor(() => expect(fetchUpdates).toHaveBeenCalledTimes(1));
    publish("task.updated.v1");
    const stop = listenToChanges({ onChange: () => finish() });
    publish("task.created.v1");
    await vi.waitFor(() => expect(fetchUpdates).toHaveBeenCalledTimes(2));
    stop();
    finish();
    unmount();
  });

  it("shares one connection, and tells a late listener to load", async () => {
    const { unmount } = renderHook(() => useLiveWidgets(true, async () => {}));
    await vi.waitFor(() => expect(feeds).toHaveLength(1));
    const early = vi.fn();
    const stopEarly = listenToChanges({ onReload: early });
    publish("feed.ready.v1");
    await vi.waitFor(() => expect(early).toHaveBeenCalledTimes(1));
    const late = vi.fn();
    const stopLate = listenToChanges({ onReload: late });
    expect(late).toHaveBeenCalledTimes(1);
    expect(feeds).toHaveLength(1);
    stopEarly();
    stopLate();
    expect(aborted).toBe(0);
    unmount();
    await vi.waitFor(() => expect(aborted).toBeGreaterThan(0));
  });
});
