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
  const allHeaders = new Headers(headers ?? request?.headers);
  const given = body ?? (request === null ? null : await bodyOf(request));
  return {
    url: new URL(url, globalThis.location?.href).href,
    method: (method ?? request?.method ?? "GET").toUpperCase(),
    headers: allHeaders,
    rest: request === null ? rest : { ...requestOptions(request), ...rest },
    body: isJson(allHeaders) ? await asText(given) : given,
    signal: signal ?? request?.signal ?? null,
  };
}

/** A request's body, so that it can be sent again. */
async function bodyOf(request: Request): Promise<BodyInit | null> {
  return request.body === null ? null : request.clone().arrayBuffer();
}

function isJson(headers: Headers): boolean {
  return /json/.test(headers.get("Content-Type") ?? "");
}

/** JSON as the text that it is: what comes out of a frame may be bytes. */
async function asText(body: BodyInit | null): Promise<BodyInit | null> {
  return body === null || typeof body === "string" ? body : new Response(body).text();
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
  const chatPath = url.pathname.replace(RUN_URL, "").replace(/(?<!\/)\/+$/, "");
  return `${url.origin}${chatPath}/runs/${encodeURIComponent(runId)}`;
}
