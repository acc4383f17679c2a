import { defineConfig } from "vitest/config";

export default defineConfig({
  // The paths of tsconfig.json name the source of the sibling package, so that tests need no build.
  resolve: { tsconfigPaths: true },
  test: {
    environment: "happy-dom",
    // A DOM and the modules for each worker, not for each file, take half of the time.
    isolate: false,
    maxWorkers: "100%", // the default is one fewer than processors, half of two
    include: ["src/**/*.test.{ts,tsx}", "scripts/**/*.test.mjs", "tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
