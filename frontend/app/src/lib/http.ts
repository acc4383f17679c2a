import { ApiError, problemOf, unreachable } from "@/lib/problem";

/** Where the API is; empty means the origin the page came from. */
export const API_URL = process.env.NEXT_PUBLIC_API_URL ?? "";

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
  let response: Response;
  try {
    response = await fetch(`${API_URL}${path}`, {
      method: options.method ?? "GET",
      headers,
      credentials: options.credentials ? "include" : "same-origin",
      cache: "no-store",
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable();
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
