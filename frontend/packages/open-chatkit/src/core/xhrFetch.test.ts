import { afterEach, expect, it, vi } from "vitest";
import { xhrFetch } from "./xhrFetch";

/** A request that a test answers. */
class FakeRequest {
  static last: FakeRequest;
  status = 0;
  statusText = "";
  responseText = "";
  readonly headers = new Headers();
  readonly upload: { onprogress: (event: object) => void } = { onprogress: () => {} };
  onload: () => void = () => {};
  onerror: () => void = () => {};
  onabort: () => void = () => {};
  readonly open = vi.fn();
  readonly send = vi.fn();

  constructor() {
    FakeRequest.last = this;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }

  getResponseHeader(): string | null {
    return "application/json";
  }

  abort(): void {
    this.onabort();
  }

  answer(status: number, text: string): void {
    Object.assign(this, { status, responseText: text });
    this.onload();
  }
}

afterEach(() => vi.unstubAllGlobals());

function begin(init: RequestInit = {}) {
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
  const shares: number[] = [];
  const answer = xhrFetch((share) => shares.push(share))("/upload", { method: "PUT", ...init });
  return { shares, answer, request: FakeRequest.last };
}

it("tells how much of the file is sent, where that can be known", async () => {
  const { shares, answer, request } = begin({ body: "abcd", headers: { "X-Mine": "1" } });
  request.upload.onprogress({ lengthComputable: true, loaded: 1, total: 4 });
  request.upload.onprogress({ lengthComputable: false, loaded: 2, total: 0 });
  request.upload.onprogress({ lengthComputable: true, loaded: 4, total: 4 });
  request.answer(201, '{"id":"att_1"}');

  const response = await answer;

  expect(shares).toEqual([0.25, 1]);
  expect(request.open).toHaveBeenCalledWith("PUT", "/upload");
  expect(request.send).toHaveBeenCalledWith("abcd");
  expect(request.headers.get("X-Mine")).toBe("1");
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({ id: "att_1" });
});

it("gives an answer without a body as one", async () => {
  const { answer, request } = begin();
  request.answer(204, "");
  expect((await answer).body).toBeNull();
});

it("fails as a fetch does when there is no answer", async () => {
  const { answer, request } = begin();
  request.onerror();
  await expect(answer).rejects.toBeInstanceOf(TypeError);
});

it("ends with its signal, for the signal's reason", async () => {
  const stop = new AbortController();
  const { answer } = begin({ signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(answer).rejects.toThrow("enough");
});
