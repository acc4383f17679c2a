/** A failed request, with the content of the server's problem document (RFC 9457). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** The HTTP status; 0 if there was no response. */
    readonly status: number,
    /** The stable code, such as `email-taken`. */
    readonly code: string,
    /** The text to show. */
    message: string,
    /** Messages by name of the body's field. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** Seconds to wait before the next attempt; null if the server didn't send `Retry-After`. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

const CODE_PREFIX = "urn:todochat:problem:";

/** Converts an error response. */
export async function readProblem(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const problem = isRecord(body) ? body : {};
  const type = text(problem.type) ?? "";
  const code = type.startsWith(CODE_PREFIX) ? type.slice(CODE_PREFIX.length) : "unexpected";
  const message = text(problem.detail) ?? text(problem.title) ?? fallbackText(response.status);
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new ApiError(
    response.status,
    code,
    message,
    fieldErrors(problem.errors),
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}

/** Creates the error of a request without a response. */
export function unreachableError(): ApiError {
  return new ApiError(0, "unreachable", "Can’t reach the server. Check your connection.");
}

/** Returns the text to show for an error, with the time to wait after too many requests. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong. Please try again.";
  if (error.status !== 429 || error.retryAfter === null) return error.message;
  const seconds = Math.max(1, Math.ceil(error.retryAfter));
  const wait = seconds < 60 ? plural(seconds, "second") : plural(Math.ceil(seconds / 60), "minute");
  return `${error.message} Try again in ${wait}.`;
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function fieldErrors(errors: unknown): Record<string, string> {
  const messages: Record<string, string> = {};
  if (!Array.isArray(errors)) return messages;
  for (const error of errors) {
    if (!isRecord(error)) continue;
    const name = (text(error.pointer) ?? "").replace(/^[#/]+/, "");
    const message = text(error.detail);
    if (name && message) messages[name] ??= message;
  }
  return messages;
}

/** The text for a response without a problem document, such as a proxy's. */
function fallbackText(status: number): string {
  if (status === 401) return "You’re not signed in.";
  if (status === 403) return "You’re not allowed to do this.";
  if (status === 404) return "Not found. It may have been deleted.";
  if (status === 413) return "This is too large.";
  if (status === 429) return "Too many requests.";
  if (status >= 502 && status <= 504) return "The service is unavailable. Try again in a moment.";
  if (status >= 500) return "The server failed. Try again in a moment.";
  return `The request failed with status ${status}.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
