import path from "node:path";
import type { NextConfig } from "next";

const isDev = process.env.NODE_ENV === "development";
const stack = process.env.TODOCHAT_URL ?? "http://localhost:8000";

const config: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  // npm hoists the packages of the workspace to its root.
  turbopack: {
    root: path.join(import.meta.dirname, ".."),
    // From its source: the site can be built before it.
    resolveAlias: { "resumable-fetch": "../packages/resumable-fetch/src/index.ts" },
  },
  outputFileTracingRoot: path.join(import.meta.dirname, ".."),
  images: { unoptimized: true },
  // `npm run types` checks them; the build on a person's machine need not do it again.
  typescript: { ignoreBuildErrors: true },
  // The pages that hold the reference components as they are exist in builds made to test them.
  pageExtensions: process.env.SEED_PAGES ? ["seed.tsx", "tsx", "ts"] : ["tsx", "ts"],
  ...(process.env.SEED_PAGES && !isDev ? { distDir: "out-seed" } : {}),
  env: {
    // Unset means the origin the page came from; "undefined" must never end up in an address.
    NEXT_PUBLIC_API_URL: process.env.NEXT_PUBLIC_API_URL ?? "",
    NEXT_PUBLIC_CHATKIT_SCRIPT: process.env.NEXT_PUBLIC_CHATKIT_SCRIPT ?? "",
    NEXT_PUBLIC_CHATKIT_DOMAIN_KEY: process.env.NEXT_PUBLIC_CHATKIT_DOMAIN_KEY ?? "",
  },
  // `next dev` borrows the API and the chat component of a running stack.
  ...(isDev
    ? {
        compress: false,
        rewrites: async () =>
          ["/api", "/chatkit"].map((prefix) => ({
            source: `${prefix}/:path*`,
            destination: `${stack}${prefix}/:path*`,
          })),
      }
    : { output: "export" as const }),
};

export default config;
