/**
 * Timeouts for slow machines, of which only a failing test waits the whole; and the clean-up after a
 * file, since the files of a worker share its globals.
 */

import { afterAll, vi } from "vitest";

// Tests of the core run without a DOM.
if (typeof document !== "undefined") {
  const { configure } = await import("@testing-library/preact");
  configure({
    asyncUtilTimeout: 20_000,
    // The default can't print a shadow root.
    getElementError: (message) => new Error(message ?? "not found"),
  });
}

afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
