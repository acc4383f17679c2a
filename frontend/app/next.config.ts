import path from "node:path";
import type { NextConfig } from "next";

const isDev = process.env.NODE_ENV === "development";
const stackUrl = process.env.TODOCHAT_URL ?? "http://localhost:8000";

const config: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
  // npm hoists the packages of the workspace to its root.
  turbopack: { root: path.join(import.meta.dirname, "..") },
  outputFileTracingRoot: path.join(import.meta.dirname, ".."),
  images: { unoptimized: true },
  // `npm run types` checks types; a build on a user's machine need not repeat that.
  typescript: { ignoreBuildErrors: true },
  // Pages with the unchanged reference components exist only in builds that test them.
  pageExtensions: process.env.SEED_PAGES ? ["seed.tsx", "tsx", "ts"] : ["tsx", "ts"],
  ...(process.env.SEED_PAGES && !isDev ? { distDir: "out-seed" } : {}),
  env: {
    // Unset means the page's own origin; "undefined" must not become part of a URL.
    NEXT_PUBLIC_API_URL: process.env.NEXT_PUBLIC_API_URL ?? "",
    NEXT_PUBLIC_CHATKIT_SCRIPT: process.env.NEXT_PUBLIC_CHATKIT_SCRIPT ?? "",
    NEXT_PUBLIC_CHATKIT_DOMAIN_KEY: process.env.NEXT_PUBLIC_CHATKIT_DOMAIN_KEY ?? "",
  },
  // `next dev` proxies the API and the chat component of a running stack.
  ...(isDev
    ? {
        compress: false,
        rewrites: async () =>
          ["/api", "/chatkit"].map((prefix) => ({
            source: `${prefix}/:path*`,
            destination: `${stackUrl}${prefix}/:path*`,
          })),
      }
    : { output: "export" as const }),
};

export default config;
