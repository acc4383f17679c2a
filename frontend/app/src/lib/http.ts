import { ApiError, readProblem, unreachableError } from "@/lib/problem";

/** The API's origin; empty means the page's own. */
export const API_URL = process.env.NEXT_PUBLIC_API_URL ?? "";

/**
 * Limit on the total size of keepalive requests. Browsers allow a page 64 KiB and reject what exceeds
 * it; the rest is for the chat's requests.
 */
const MAX_KEEPALIVE_BYTES = 56 * 1024;
let keepaliveBytes = 0;

export interface RequestOptions {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  file?: Blob;
  token?: string | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Send and accept cookies, even if the API has another origin. */
  credentials?: boolean;
}

/**
 * Sends a request and returns the response if it succeeded.
 *
 * @throws ApiError for every failure, `AbortError` for an aborted request.
 */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.token) headers.set("Authorization", `Bearer ${options.token}`);
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  const json = options.body === undefined ? undefined : JSON.stringify(options.body);
  const body = options.file ?? json;
  const size = options.file?.size ?? new TextEncoder().encode(json).length;
  // Keepalive delivers a change made just before a reload or a closed tab, unless it is too large.
  const isKeepalive =
    (options.method ?? "GET") !== "GET" && keepaliveBytes + size <= MAX_KEEPALIVE_BYTES;
  if (isKeepalive) keepaliveBytes += size;
  let response: Response;
  try {
    response = await fetch(`${API_URL}${path}`, {
      method: options.method ?? "GET",
      headers,
      credentials: options.credentials ? "include" : "same-origin",
      cache: "no-store",
      keepalive: isKeepalive,
      ...(body === undefined ? {} : { body }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachableError();
  } finally {
    if (isKeepalive) keepaliveBytes -= size;
  }
  if (!response.ok) throw await readProblem(response);
  return response;
}

/** Sends a request and returns the response's JSON. */
export async function sendJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  try {
    return (await response.json()) as T;
  } catch {
    // A proxy's page, or a truncated response.
    throw new ApiError(response.status, "unexpected", "The server’s response could not be read.");
  }
}
