/** Distinguishes a user's Stop from a page that unloads: both appear as an abort. */

/** Name of the abort reason that leaves the run running, for example to show another thread. */
export const DETACH = "DetachError";

/** Creates a reason for `AbortController.abort` that detaches from a run without cancelling it. */
export function detached(): DOMException {
  return new DOMException("Detached; the run continues.", DETACH);
}

let isPageLeaving = false;
// A page restored from the back/forward cache keeps its listeners and state.
globalThis.addEventListener?.("pagehide", () => {
  isPageLeaving = true;
});
globalThis.addEventListener?.("pageshow", () => {
  isPageLeaving = false;
});

/** Returns whether an abort with this reason cancels the run. */
export function cancelsRun(reason: unknown): boolean {
  if (isPageLeaving) return false;
  return !(reason instanceof DOMException && reason.name === DETACH);
}
