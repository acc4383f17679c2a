/** Tells a Stop from a page that goes away: both look like an abort. */

/** The reason for an abort that leaves the run alone, for example to show another thread. */
export const DETACH = "DetachError";

/** Makes a reason for `AbortController.abort` that stops watching a run without stopping it. */
export function detached(): DOMException {
  return new DOMException("The run goes on unwatched.", DETACH);
}

let isPageLeaving = false;
// A page in the back-forward cache is shown again as it was, listeners and all.
globalThis.addEventListener?.("pagehide", () => {
  isPageLeaving = true;
});
globalThis.addEventListener?.("pageshow", () => {
  isPageLeaving = false;
});

/** Whether an abort means that the person wants the run to end. */
export function meansStop(reason: unknown): boolean {
  if (isPageLeaving) return false;
  return !(reason instanceof DOMException && reason.name === DETACH);
}
