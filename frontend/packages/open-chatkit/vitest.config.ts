import { defineConfig } from "vitest/config";

// The sibling package is used as source: tests need no build before them.
const conditions = ["todochat-source", "module", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    environment: "happy-dom",
    maxWorkers: "100%", // by default one fewer than processors: half of two
    setupFiles: ["test/setup.ts"],
    testTimeout: 30_000,
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
  },
});
