/** Maps errors of requests and streams to one form. */

import { RefusedSecretError, ResumeError } from "resumable-fetch";
import type { ChatError } from "./types";

const MAX_WAIT_S = 24 * 60 * 60;

/** The server rejected a request. */
export class RequestError extends Error {
  override name = "RequestError";

  constructor(
    message: string,
    readonly status: number,
    /** The problem's code, for example `thread-busy`. */
    readonly code: string,
    /** The run that blocks the request, if the server names one. */
    readonly runId: string | null = null,
    /** Seconds to wait before a retry, from `Retry-After`. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** A stream ended regularly, in the middle of an item. */
export class CutOffError extends Error {
  override name = "CutOffError";
}

/** Converts a response that isn't 2xx into an error. */
export async function toRequestError(response: Response): Promise<RequestError> {
  const problem = await jsonOf(response);
  const type = textOf(problem, "type");
  const code = type === null ? `http-${response.status}` : type.slice(type.lastIndexOf(":") + 1);
  const detail = textOf(problem, "detail") ?? textOf(problem, "title");
  const runId = textOf(problem, "run_id");
  return new RequestError(detail ?? "", response.status, code, runId, retryAfter(response));
}

/** Returns the seconds of `Retry-After`, which may also be a date; null without a valid header. */
function retryAfter(response: Response): number | null {
  const value = response.headers.get("Retry-After");
  if (value === null) return null;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds : (Date.parse(value) - Date.now()) / 1000;
  // A wait of days is no reason to wait.
  return wait > 0 && wait < MAX_WAIT_S ? Math.ceil(wait) : null;
}

/** Converts an error for display; the view supplies a message in its language if it is null. */
export function toChatError(error: unknown): ChatError {
  if (error instanceof RequestError) {
    return {
      kind: error.status === 401 ? "unauthorized" : "refused",
      code: error.code,
      message: error.message === "" ? null : error.message,
      allowRetry: isTransient(error),
      status: error.status,
      ...(error.retryAfter === null ? {} : { retryAfter: error.retryAfter }),
    };
  }
  if (error instanceof ResumeError && error.status !== null) {
    const kind = error.status === 401 ? "unauthorized" : "refused";
    return { kind, code: error.code, message: null, allowRetry: true, status: error.status };
  }
  if (error instanceof RefusedSecretError) {
    return { kind: "unauthorized", code: "refused-secret", message: null, allowRetry: true };
  }
  if (error instanceof CutOffError) {
    return { kind: "stream", code: "cut-off", message: null, allowRetry: true };
  }
  const code = globalThis.navigator?.onLine === false ? "offline" : "unreachable";
  return { kind: "unreachable", code, message: null, allowRetry: true };
}

/** Returns whether an error comes from an intended abort or detach. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && /^(Abort|Detach)Error$/.test(error.name);
}

/** Returns whether a retry of the same request may succeed. */
function isTransient({ status, code }: RequestError): boolean {
  if (status === 409) return code === "idempotency-in-progress";
  return status === 401 || status === 408 || status === 429 || status >= 500;
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null; // a proxy's error page; the status has to suffice
  }
}

function textOf(value: unknown, name: string): string | null {
  const found: unknown = Object(value)[name];
  return typeof found === "string" ? found : null;
}
