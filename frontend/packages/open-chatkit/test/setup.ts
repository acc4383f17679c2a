/** Only a failing test waits for so long; a machine under load is slow. */

import { configure } from "@testing-library/preact";

configure({
  asyncUtilTimeout: 20_000,
  // The library's own can't print a shadow root.
  getElementError: (message) => new Error(message ?? "not found"),
});
