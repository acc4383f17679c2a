/** Serves the demo from source: `node demo/serve.mjs [port]`. */

import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const server = await createServer({
  root: fileURLToPath(new URL(".", import.meta.url)),
  configFile: false,
  resolve: { tsconfigPaths: true },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { port: Number(process.argv[2] ?? 5180), host: "127.0.0.1" },
});
await server.listen();
server.printUrls();
