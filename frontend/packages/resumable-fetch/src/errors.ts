/** A stream broke and could not be resumed. Reading the body fails with this error. */
export class ResumeError extends Error {
  override name = "ResumeError";

  constructor(
    message: string,
    /** `unreachable` on timeout, otherwise the problem's code, for example `run-not-found`. */
    readonly code: string,
    /** HTTP status of the error response; null if there was no response. */
    readonly status: number | null,
  ) {
    super(message);
  }
}

/** Returns the code of a problem document, the last part of its `type`, or `http-<status>`. */
export async function problemCode(response: Response): Promise<string> {
  try {
    const problem: unknown = await response.json();
    const type: unknown = Object(problem).type;
    if (typeof type === "string") return type.slice(type.lastIndexOf(":") + 1);
  } catch {
    // Not JSON, for example a proxy's error page. Fall back to the status.
  }
  return `http-${response.status}`;
}
