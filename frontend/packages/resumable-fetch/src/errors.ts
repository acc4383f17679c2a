/** A stream broke and could not be reattached to; reading the body fails with it. */
export class ResumeError extends Error {
  override name = "ResumeError";

  constructor(
    message: string,
    /** `unreachable` when time ran out, else the problem's code, for example `run-not-found`. */
    readonly code: string,
    /** The HTTP status of the refusal; null if there was no answer. */
    readonly status: number | null,
  ) {
    super(message);
  }
}

/** Reads the code of a problem document: the last part of its `type`. */
export async function problemCode(response: Response): Promise<string> {
  try {
    const problem: unknown = await response.json();
    const type: unknown = Object(problem).type;
    if (typeof type === "string") return type.slice(type.lastIndexOf(":") + 1);
  } catch {
    // Not JSON: a proxy's own page, say. The status still tells something.
  }
  return `http-${response.status}`;
}
