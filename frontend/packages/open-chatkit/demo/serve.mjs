/** Serves the demo and the gallery from source: `node demo/serve.mjs [port]`. */

import { createDemoServer } from "./server.mjs";

const server = await createDemoServer(Number(process.argv[2] ?? 5180));
await server.listen();
server.printUrls();
console.log(`  Widgets: ${server.resolvedUrls?.local[0]}gallery/`);
