import { afterEach, describe, expect, it, vi } from "vitest";
import { send } from "@/lib/http";

const KIB = 1024;

/** A browser that limits the total size of keepalive requests to 64 KiB. */
class FakeBrowser {
  requests: { isKeepalive: boolean; respond: () => void }[] = [];
  #keepaliveBytes = 0;

  fetch = (_: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const size = init.keepalive ? new TextEncoder().encode(String(init.body ?? "")).length : 0;
    if (this.#keepaliveBytes + size > 64 * KIB)
      return Promise.reject(new TypeError("Failed to fetch"));
    this.#keepaliveBytes += size;
    return new Promise((resolve) => {
      const respond = () => {
        this.#keepaliveBytes -= size;
        resolve(Response.json({}));
      };
      this.requests.push({ isKeepalive: init.keepalive === true, respond });
    });
  };

  get keepalives(): boolean[] {
    return this.requests.map(({ isKeepalive }) => isKeepalive);
  }

  respondToAll(): void {
    for (const { respond } of this.requests.splice(0)) respond();
  }
}

function openBrowser(): FakeBrowser {
  const browser = new FakeBrowser();
  vi.stubGlobal("fetch", browser.fetch);
  return browser;
}

const write = (text: string) => send("/api/x", { method: "POST", body: { text } });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("keepalive", () => {
  it("is set for changes and not for reads", async () => {
    const browser = openBrowser();

    const all = [write("milk"), send("/api/x", { method: "DELETE" }), send("/api/x")];
    expect(browser.keepalives).toEqual([true, true, false]);

    browser.respondToAll();
    await Promise.all(all);
  });

  it("is not set for a body over the limit, counted in bytes", async () => {
    const browser = openBrowser();

    const all = [write("a".repeat(70 * KIB)), write("語".repeat(25 * KIB))];
    expect(browser.keepalives).toEqual([false, false]);

    browser.respondToAll();
    await Promise.all(all);
  });

  it("is not set while other requests use up the limit", async () => {
    const browser = openBrowser();

    const all = [30, 30, 20].map((size) => write("a".repeat(size * KIB)));
    expect(browser.keepalives).toEqual([true, false, true]);
    browser.respondToAll();
    await Promise.all(all);

    const next = write("a".repeat(30 * KIB));
    expect(browser.keepalives).toEqual([true]);
    browser.respondToAll();
    await next;
  });

  it("releases its share of the limit if the request fails", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(write("a".repeat(30 * KIB))).rejects.toMatchObject({ status: 0 });
    }
    const browser = openBrowser();

    const last = write("a".repeat(50 * KIB));

    expect(browser.keepalives).toEqual([true]);
    browser.respondToAll();
    await last;
  });
});
