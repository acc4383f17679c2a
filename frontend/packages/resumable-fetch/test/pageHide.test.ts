// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import { createResumableFetch } from "../src";

/** Returns a fetch whose run stays silent; the mock records the requests. */
function silentRun() {
  return vi.fn(async (url: RequestInfo | URL, _init?: RequestInit) =>
    String(url).endsWith("/cancel")
      ? new Response("{}", { status: 202 })
      : new Response(new ReadableStream(), {
          headers: { "Content-Type": "text/event-stream", "X-Run-Id": "run_1" },
        }),
  );
}

async function requestsAfterAbort(events: string[]) {
  const fetch = silentRun();
  const stop = new AbortController();
  const url = "http://chat.test/api/usr_1/chat/?a=b";
  const init = { method: "POST", body: "{}", signal: stop.signal };
  await createResumableFetch({ url, fetch })(url, init);
  for (const name of events) window.dispatchEvent(new Event(name));
  stop.abort();
  await new Promise((resolve) => setTimeout(resolve));
  return fetch.mock.calls.slice(1);
}

it("does not cancel the run when the page unloads", async () => {
  expect(await requestsAfterAbort(["pagehide"])).toEqual([]);
});

it("cancels with keepalive once a hidden page is shown again", async () => {
  const [call] = await requestsAfterAbort(["pagehide", "pageshow"]);
  expect(call?.[0]).toBe("http://chat.test/api/usr_1/chat/runs/run_1/cancel?a=b");
  expect(call?.[1]).toMatchObject({ method: "POST", keepalive: true });
});
