import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    // One file that includes the parser, so that a page can import it without a bundler.
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "resumable-fetch.js" },
    license: { fileName: "THIRD-PARTY-LICENSES.md" },
    target: "es2022",
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 30_000,
  },
});
