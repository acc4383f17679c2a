import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { contentSecurityPolicy, inlineScriptHashes } from "./csp.mjs";

const sha = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

describe("contentSecurityPolicy and inlineScriptHashes", () => {
  it("hash only inline scripts", () => {
    const html = `<script src="/a.js" async=""></script><script>one()</script><script id="x">two()\n</script>`;
    expect(inlineScriptHashes(html)).toEqual([sha("one()"), sha("two()\n")]);
  });

  it("allow no other origin by default", () => {
    const policy = contentSecurityPolicy({ scriptHashes: ["'sha256-x'"] });
    expect(policy).toContain("script-src 'self' 'sha256-x';");
    expect(policy).toContain("style-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).toContain("img-src 'self' data: blob:;");
    for (const rule of ["frame-ancestors 'self'", "base-uri 'none'", "object-src 'none'"]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toMatch(/unsafe|https?:/);
  });

  it("allow only the configured API and the official script", () => {
    expect(
      contentSecurityPolicy({ scriptHashes: [], apiUrl: "https://api.example.com/x" }),
    ).toContain("connect-src 'self' https://api.example.com;");
    const official = contentSecurityPolicy({
      scriptHashes: [],
      officialScript: "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js",
    });
    expect(official).toContain("script-src 'self' https://cdn.platform.openai.com;");
    expect(official).toContain("frame-src https://cdn.platform.openai.com;");
  });
});
