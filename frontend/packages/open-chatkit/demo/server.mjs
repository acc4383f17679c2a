/** The development server of the demo page and the gallery, from source. */

import { fileURLToPath } from "node:url";
import { createServer } from "vite";

/** Without its slash, Vite would answer the gallery's address with the demo page. */
const folders = {
  name: "addresses-of-folders",
  configureServer(server) {
    server.middlewares.use("/gallery", (request, response, next) => {
      if (!/^\/gallery(?=\?|$)/.test(request.originalUrl)) return next();
      response.writeHead(302, { Location: request.originalUrl.replace("/gallery", "/gallery/") });
      response.end();
    });
  },
};

/**
 * Creates the server.
 *
 * @param {import("vite").InlineConfig} [more] further settings, for tests.
 */
export function createDemoServer(port, more = {}) {
  return createServer({
    root: fileURLToPath(new URL(".", import.meta.url)),
    configFile: false,
    plugins: [folders],
    resolve: { conditions: ["todochat-source", "module", "browser", "import", "default"] },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    server: { port, host: "127.0.0.1", warmup: { clientFiles: ["main.ts", "gallery/main.tsx"] } },
    ...more,
  });
}
