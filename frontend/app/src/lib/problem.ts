/** A failed request, as the server's problem document (RFC 9457) tells it. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** The HTTP status; 0 when no answer came. */
    readonly status: number,
    /** The stable code, such as `email-taken`. */
    readonly code: string,
    /** What to show a person. */
    message: string,
    /** Messages per field of the body, by its name. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** Seconds to wait before the next try, if the server said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

const CODE_PREFIX = "urn:todochat:problem:";

/** The error of an answer that is not a success. */
export async function problemOf(response: Response): Promise<ApiError> {
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

/** The error of a request that got no answer. */
export function unreachable(): ApiError {
  return new ApiError(0, "unreachable", "The server can't be reached. Are you online?");
}

/** What to say about anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof ApiError ? error.message : "Something went wrong. Please try again.";
}

function fieldErrors(errors: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  if (!Array.isArray(errors)) return found;
  for (const error of errors) {
    if (!isRecord(error)) continue;
    const name = (text(error.pointer) ?? "").replace(/^[#/]+/, "");
    const message = text(error.detail);
    if (name && message) found[name] ??= message;
  }
  return found;
}

function fallbackText(status: number): string {
  if (status >= 500) return "The server has trouble right now. Please try again in a moment.";
  return `The server refused this (${status}).`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
