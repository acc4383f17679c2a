/** Only a failing test waits for so long; a machine under load is slow. */

// Stories about the core have no document, and need not wait for what reads it.
if (typeof document !== "undefined") {
  const { configure } = await import("@testing-library/preact");
  configure({
    asyncUtilTimeout: 20_000,
    // The library's own can't print a shadow root.
    getElementError: (message) => new Error(message ?? "not found"),
  });
}

export {};
