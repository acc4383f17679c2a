import { afterEach, expect, it, vi } from "vitest";
import { xhrFetch } from "./xhrFetch";

/** A fake XMLHttpRequest. */
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

  respond(status: number, text: string): void {
    Object.assign(this, { status, responseText: text });
    this.onload();
  }
}

afterEach(() => vi.unstubAllGlobals());

function begin(init: RequestInit = {}) {
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
  const shares: number[] = [];
  const response = xhrFetch((share) => shares.push(share))("/upload", { method: "PUT", ...init });
  return { shares, response, request: FakeRequest.last };
}

it("reports the upload progress if it is known", async () => {
  const { shares, response, request } = begin({ body: "abcd", headers: { "X-Mine": "1" } });
  request.upload.onprogress({ lengthComputable: true, loaded: 1, total: 4 });
  request.upload.onprogress({ lengthComputable: false, loaded: 2, total: 0 });
  request.upload.onprogress({ lengthComputable: true, loaded: 4, total: 4 });
  request.respond(201, '{"id":"att_1"}');

  const result = await response;

  expect(shares).toEqual([0.25, 1]);
  expect(request.open).toHaveBeenCalledWith("PUT", "/upload");
  expect(request.send).toHaveBeenCalledWith("abcd");
  expect(request.headers.get("X-Mine")).toBe("1");
  expect(result.status).toBe(201);
  expect(await result.json()).toEqual({ id: "att_1" });
});

it("returns a response without a body", async () => {
  const { response, request } = begin();
  request.respond(204, "");
  expect((await response).body).toBeNull();
});

it("fails like fetch when there is no response", async () => {
  const { response, request } = begin();
  request.onerror();
  await expect(response).rejects.toBeInstanceOf(TypeError);
});

it("aborts with the signal's reason", async () => {
  const stop = new AbortController();
  const { response } = begin({ signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(response).rejects.toThrow("enough");
});
