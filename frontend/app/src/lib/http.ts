import { ApiError, problemOf, unreachable } from "@/lib/problem";

/** Where the API is; empty means the origin the page came from. */
export const API_URL = process.env.NEXT_PUBLIC_API_URL ?? "";

/**
 * Browsers keep 64 KiB of a page's requests alive, all together, and refuse what is more; the chat
 * needs a little of it, too.
 */
const MAX_KEPT_BYTES = 56 * 1024;
let keptBytes = 0;

export interface RequestOptions {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  token?: string | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Send and take cookies, also where the API is another origin. */
  credentials?: boolean;
}

/**
 * Sends a request and returns the answer if it is a success.
 *
 * @throws ApiError for every failure, `AbortError` for a request that was aborted.
 */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.token) headers.set("Authorization", `Bearer ${options.token}`);
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const size = body === undefined ? 0 : new TextEncoder().encode(body).length;
  // A change made just before a reload or a closed tab still arrives, unless it is a huge one.
  const isKept = (options.method ?? "GET") !== "GET" && keptBytes + size <= MAX_KEPT_BYTES;
  if (isKept) keptBytes += size;
  let response: Response;
  try {
    response = await fetch(`${API_URL}${path}`, {
      method: options.method ?? "GET",
      headers,
      credentials: options.credentials ? "include" : "same-origin",
      cache: "no-store",
      keepalive: isKept,
      ...(body === undefined ? {} : { body }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  } finally {
    if (isKept) keptBytes -= size;
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Sends a request and returns the JSON of its answer. */
export async function sendJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  try {
    return (await response.json()) as T;
  } catch {
    // A proxy's page, or an answer that was cut short.
    throw new ApiError(response.status, "unexpected", "The server's answer could not be read.");
  }
}
