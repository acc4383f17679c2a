import { defineConfig } from "vitest/config";

export default defineConfig({
  // The sibling package is used as source: tests need no build before them.
  resolve: { conditions: ["todochat-source", "module", "import", "default"] },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
  },
});
