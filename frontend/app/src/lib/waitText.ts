import type { ApiError } from "@/lib/problem";

/** How long to wait before the next try, in words; empty when the server didn't say. */
export function waitText(error: ApiError): string {
  if (error.status !== 429 || error.retryAfter === null) return "";
  const seconds = Math.max(1, Math.ceil(error.retryAfter));
  if (seconds < 60) return `Try again in ${seconds} second${seconds === 1 ? "" : "s"}.`;
  const minutes = Math.ceil(seconds / 60);
  return `Try again in ${minutes} minute${minutes === 1 ? "" : "s"}.`;
}
