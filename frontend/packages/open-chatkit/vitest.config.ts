import { defineConfig } from "vitest/config";

export default defineConfig({
  // The paths of tsconfig.json name the source of the sibling package, so that tests need no build.
  resolve: { tsconfigPaths: true },
  test: {
    environment: "happy-dom",
    // A DOM and the modules for each worker, not for each file, take half of the time.
    isolate: false,
    maxWorkers: "100%", // the default is one less than the number of processors
    setupFiles: ["test/setup.ts"],
    testTimeout: 30_000,
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
  },
});
