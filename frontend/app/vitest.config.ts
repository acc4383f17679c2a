import path from "node:path";
import { defineConfig } from "vitest/config";

// Use the source of the sibling packages, so that tests need no build.
const conditions = ["todochat-source", "module", "import", "default"];

export default defineConfig({
  resolve: { alias: { "@": path.join(import.meta.dirname, "src") }, conditions },
  ssr: { resolve: { conditions } },
  test: {
    environment: "happy-dom",
    maxWorkers: "100%", // the default is one fewer than processors, half of two
    include: ["src/**/*.test.{ts,tsx}", "scripts/**/*.test.mjs", "tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
