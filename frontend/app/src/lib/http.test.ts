import { afterEach, describe, expect, it, vi } from "vitest";
import { send } from "@/lib/http";

const KIB = 1024;

/** What browsers do: requests that are kept alive may have 64 KiB, all together. */
class Browser {
  requests: { isKept: boolean; answer: () => void }[] = [];
  #kept = 0;

  fetch = (_: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const size = init.keepalive ? new TextEncoder().encode(String(init.body ?? "")).length : 0;
    if (this.#kept + size > 64 * KIB) return Promise.reject(new TypeError("Failed to fetch"));
    this.#kept += size;
    return new Promise((resolve) => {
      const answer = () => {
        this.#kept -= size;
        resolve(Response.json({}));
      };
      this.requests.push({ isKept: init.keepalive === true, answer });
    });
  };

  get kept(): boolean[] {
    return this.requests.map(({ isKept }) => isKept);
  }

  answerAll(): void {
    for (const { answer } of this.requests.splice(0)) answer();
  }
}

function openBrowser(): Browser {
  const browser = new Browser();
  vi.stubGlobal("fetch", browser.fetch);
  return browser;
}

const write = (text: string) => send("/api/x", { method: "POST", body: { text } });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a change made just before the page is left", () => {
  it("is kept alive; what only reads is not", async () => {
    const browser = openBrowser();

    const all = [write("milk"), send("/api/x", { method: "DELETE" }), send("/api/x")];
    expect(browser.kept).toEqual([true, true, false]);

    browser.answerAll();
    await Promise.all(all);
  });

  it("is sent without that when it is too large, also in letters of several bytes", async () => {
    const browser = openBrowser();

    const all = [write("a".repeat(70 * KIB)), write("語".repeat(25 * KIB))];
    expect(browser.kept).toEqual([false, false]);

    browser.answerAll();
    await Promise.all(all);
  });

  it("is sent without that while others need the room, and with it afterwards", async () => {
    const browser = openBrowser();

    const all = [30, 30, 20].map((size) => write("a".repeat(size * KIB)));
    expect(browser.kept).toEqual([true, false, true]);
    browser.answerAll();
    await Promise.all(all);

    const next = write("a".repeat(30 * KIB));
    expect(browser.kept).toEqual([true]);
    browser.answerAll();
    await next;
  });

  it("gives its room back when it gets no answer", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(write("a".repeat(30 * KIB))).rejects.toMatchObject({ status: 0 });
    }
    const browser = openBrowser();

    const last = write("a".repeat(50 * KIB));

    expect(browser.kept).toEqual([true]);
    browser.answerAll();
    await last;
  });
});
