// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import { createResumableFetch } from "../src";

/** A run that says nothing; notes what is asked. */
function quietRun() {
  return vi.fn(async (url: RequestInfo | URL, _init?: RequestInit) =>
    String(url).endsWith("/cancel")
      ? new Response("{}", { status: 202 })
      : new Response(new ReadableStream(), {
          headers: { "Content-Type": "text/event-stream", "X-Run-Id": "run_1" },
        }),
  );
}

async function abortedAfter(type: string[]) {
  const fetch = quietRun();
  const stop = new AbortController();
  const url = "http://chat.test/api/usr_1/chat/?a=b";
  const init = { method: "POST", body: "{}", signal: stop.signal };
  await createResumableFetch({ url, fetch })(url, init);
  for (const name of type) window.dispatchEvent(new Event(name));
  stop.abort();
  await new Promise((resolve) => setTimeout(resolve));
  return fetch.mock.calls.slice(1);
}

it("leaves the run alone when the page goes away", async () => {
  expect(await abortedAfter(["pagehide"])).toEqual([]);
});

it("cancels again once the page is back, by a request that outlives the page", async () => {
  const [call] = await abortedAfter(["pagehide", "pageshow"]);
  expect(call?.[0]).toBe("http://chat.test/api/usr_1/chat/runs/run_1/cancel");
  expect(call?.[1]).toMatchObject({ method: "POST", keepalive: true });
});
