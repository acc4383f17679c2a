/** A request in parts, so that it can be sent more than once. */

export type Call = {
  url: string;
  method: string;
  headers: Headers;
  /** Options for `fetch` besides method, headers, body and signal. */
  rest: RequestInit;
  body: BodyInit | null;
  signal: AbortSignal | null;
};

/** Splits the arguments of `fetch` into a call. */
export async function callOf(input: RequestInfo | URL, init: RequestInit = {}): Promise<Call> {
  const { method, headers, body, signal, ...rest } = init;
  const request = input instanceof Request ? input : null;
  const url = request?.url ?? String(input);
  const allHeaders = new Headers(headers ?? request?.headers);
  // Buffered, so that it can be sent again.
  const buffered = request?.body ? await request.clone().arrayBuffer() : null;
  const content = body ?? buffered;
  return {
    url: new URL(url, globalThis.location?.href).href,
    method: (method ?? request?.method ?? "GET").toUpperCase(),
    headers: allHeaders,
    rest: request === null ? rest : { ...requestOptions(request), ...rest },
    body: isJson(allHeaders) ? await asText(content) : content,
    signal: signal ?? request?.signal ?? null,
  };
}

function isJson(headers: Headers): boolean {
  return /json/.test(headers.get("Content-Type") ?? "");
}

/** Returns JSON as text; an iframe may pass it as bytes. */
async function asText(body: BodyInit | null): Promise<BodyInit | null> {
  return body === null || typeof body === "string" ? body : new Response(body).text();
}

function requestOptions(request: Request): RequestInit {
  const { cache, credentials, integrity, mode, redirect, referrerPolicy } = request;
  return { cache, credentials, integrity, mode, redirect, referrerPolicy };
}

/** Returns whether a call is a ChatKit request rather than, for example, an upload. */
export function isChatRequest(call: Call): boolean {
  return call.method === "POST" && typeof call.body === "string" && !isRunUrl(call.url);
}

/** Returns whether a call attaches to a run. */
export function isAttachRequest(call: Call): boolean {
  return call.method === "GET" && isRunUrl(call.url);
}

const RUN_URL = /\/runs\/[^/]+\/(events|cancel)$/;

function isRunUrl(url: string): boolean {
  return RUN_URL.test(new URL(url).pathname);
}

/** Returns the URL of a run's events or cancellation; the call may be for the chat's URL or a run's. */
export function runUrl(call: Call, runId: string, path: "events" | "cancel"): string {
  const url = new URL(call.url);
  const chatPath = url.pathname.replace(RUN_URL, "").replace(/(?<!\/)\/+$/, "");
  url.pathname = `${chatPath}/runs/${encodeURIComponent(runId)}/${path}`;
  return url.href;
}
