// @vitest-environment node
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDemoServer } from "../demo/server.mjs";

describe("the demo's development server", () => {
  let server: Awaited<ReturnType<typeof createDemoServer>>;
  const get = (path: string) =>
    fetch(new URL(path, server.resolvedUrls?.local[0]), { redirect: "manual" });

  beforeAll(async () => {
    server = await createDemoServer(0, { logLevel: "silent", optimizeDeps: { noDiscovery: true } });
    await server.listen();
  });
  afterAll(() => server.close());

  it("serves the gallery, also at its address without a slash", async () => {
    const redirect = await get("/gallery?theme=dark");
    expect([redirect.status, redirect.headers.get("Location")]).toEqual([
      302,
      "/gallery/?theme=dark",
    ]);

    expect(await (await get("/gallery/?theme=dark")).text()).toContain("<title>Widgets</title>");
    expect(await (await get("/")).text()).toContain("<title>open-chatkit</title>");
  });

  it("serves the gallery with the element's own style sheets and no others", async () => {
    const script = await (await get("/gallery/main.tsx")).text();

    expect(script).toContain("/src/theme/sheets.ts");
    expect(script).not.toMatch(/\.css/);
  });
});
