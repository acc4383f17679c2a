/** Timeouts for slow machines; only a failing test waits this long. */

// Tests of the core run without a DOM.
if (typeof document !== "undefined") {
  const { configure } = await import("@testing-library/preact");
  configure({
    asyncUtilTimeout: 20_000,
    // The default can't print a shadow root.
    getElementError: (message) => new Error(message ?? "not found"),
  });
}

export {};
