import { defineConfig } from "vitest/config";

// The sibling package is used as source, so that tests need no build.
const conditions = ["todochat-source", "module", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    environment: "happy-dom",
    maxWorkers: "100%", // the default is one less than the number of processors
    setupFiles: ["test/setup.ts"],
    testTimeout: 30_000,
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
  },
});
