/** Maps errors of requests and streams to one form. */

import { RefusedSecretError, ResumeError } from "resumable-fetch";
import type { ChatError } from "./types";

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
  ) {
    super(message);
  }
}

/** Converts a response that isn't 2xx into an error. */
export async function toRequestError(response: Response): Promise<RequestError> {
  const problem = await jsonOf(response);
  const type = textOf(problem, "type");
  const code = type === null ? `http-${response.status}` : type.slice(type.lastIndexOf(":") + 1);
  const detail = textOf(problem, "detail") ?? textOf(problem, "title");
  return new RequestError(detail ?? "", response.status, code, textOf(problem, "run_id"));
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
    };
  }
  if (error instanceof ResumeError && error.status !== null) {
    const kind = error.status === 401 ? "unauthorized" : "refused";
    return { kind, code: error.code, message: null, allowRetry: true, status: error.status };
  }
  if (error instanceof RefusedSecretError) {
    return { kind: "unauthorized", code: "refused-secret", message: null, allowRetry: true };
  }
  return { kind: "unreachable", code: "unreachable", message: null, allowRetry: true };
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
