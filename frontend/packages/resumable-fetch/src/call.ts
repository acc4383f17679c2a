/** One request, taken apart so that it can be sent more than once. */

export type Call = {
  url: string;
  method: string;
  headers: Headers;
  /** What `fetch` is given besides method, headers, body and signal. */
  rest: RequestInit;
  body: BodyInit | null;
  signal: AbortSignal | null;
};

/** Takes apart what `fetch` was called with. */
export async function describeCall(
  input: RequestInfo | URL,
  init: RequestInit = {},
): Promise<Call> {
  const { method, headers, body, signal, ...rest } = init;
  const request = input instanceof Request ? input : null;
  const url = request?.url ?? String(input);
  return {
    url: new URL(url, globalThis.location?.href).href,
    method: (method ?? request?.method ?? "GET").toUpperCase(),
    headers: new Headers(headers ?? request?.headers),
    rest: request === null ? rest : { ...requestOptions(request), ...rest },
    body: body ?? (request === null ? null : await bodyOf(request)),
    signal: signal ?? request?.signal ?? null,
  };
}

/** A request's body, so that it can be sent again; JSON as the text that it is. */
async function bodyOf(request: Request): Promise<BodyInit | null> {
  if (request.body === null) return null;
  const copy = request.clone();
  const isJson = /json/.test(request.headers.get("Content-Type") ?? "");
  return isJson ? copy.text() : copy.arrayBuffer();
}

function requestOptions(request: Request): RequestInit {
  const { cache, credentials, integrity, mode, redirect, referrerPolicy } = request;
  return { cache, credentials, integrity, mode, redirect, referrerPolicy };
}

/** Whether it is a ChatKit request, rather than an upload, say. */
export function isChatRequest(call: Call): boolean {
  return call.method === "POST" && typeof call.body === "string" && !isRunUrl(call.url);
}

/** Whether it watches a run. */
export function isAttach(call: Call): boolean {
  return call.method === "GET" && isRunUrl(call.url);
}

const RUN_URL = /\/runs\/[^/]+\/(events|cancel)$/;

function isRunUrl(url: string): boolean {
  return RUN_URL.test(new URL(url).pathname);
}

/** The URL of one run below the chat's URL, whichever of both the call was for. */
export function runUrl(call: Call, runId: string): string {
  const url = new URL(call.url);
  const chatPath = url.pathname.replace(RUN_URL, "").replace(/\/+$/, "");
  return `${url.origin}${chatPath}/runs/${encodeURIComponent(runId)}`;
}
