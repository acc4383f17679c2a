import { describe, expect, it } from "vitest";
import { imageSource } from "./images";

const ALLOWED = [
  "cdn.example.com",
  "*.pictures.example",
  "https://with-scheme.example/x",
  "dev.test:8443",
];

describe("an image is loaded", () => {
  it.each([
    ["from the page's own origin", "/own.png"],
    ["from the page's own origin in full", `${location.origin}/own.png`],
    ["from a data URL", "data:image/png;base64,AA"],
    ["from a blob of this page", `blob:${location.origin}/0a1b`],
    ["from a host that the thread allows", "https://cdn.example.com/a.png"],
    ["from an uppercase host", "https://CDN.example.com/a.png"],
    ["from a subdomain of an allowed wildcard", "https://a.b.pictures.example/a.png"],
    ["from a host that is allowed with its scheme", "https://with-scheme.example/a.png"],
    ["from an allowed port", "https://dev.test:8443/a.png"],
  ])("%s", (_, src) => {
    expect(imageSource(src, ALLOWED).kind).toBe("shown");
  });

  it.each(["localhost:9000", "app.localhost:9000", "127.0.0.1:9000", "[::1]:9000"])(
    "over http only from %s, if it is allowed",
    (host) => {
      expect(imageSource(`http://${host}/a.png`, [host]).kind).toBe("shown");
      expect(imageSource(`http://${host}/a.png`, []).kind).toBe("linked");
    },
  );
});

describe("an image is replaced by a link with its host", () => {
  it.each([
    ["on any other host", "https://tracker.example.net/p.png?who=you"],
    ["on a host that starts like an allowed one", "https://cdn.example.com.evil.net/p.png"],
    ["on a host that ends like an allowed one", "https://evilpictures.example/p.png"],
    ["on a wildcard's base domain", "https://pictures.example/p.png"],
    ["on another port of an allowed host", "https://cdn.example.com:8443/p.png"],
    ["on an allowed host over http", "http://cdn.example.com/p.png"],
    ["on a host that starts like localhost", "http://localhost.evil.net/p.png"],
    ["without a scheme", "//tracker.example.net/p.png"],
    ["with an allowed host as user name", "https://cdn.example.com@tracker.example.net/p.png"],
  ])("%s", (_, src) => {
    const source = imageSource(src, [...ALLOWED, "localhost.evil.net"]);

    expect(source).toEqual({
      kind: "linked",
      href: new URL(src, location.href).href,
      host: new URL(src, location.href).host,
    });
  });
});

describe("an address that is neither loaded nor linked", () => {
  it.each([
    "javascript:alert(1)",
    "data:text/html,<b>",
    "data:application/pdf;base64,AA",
    "blob:https://elsewhere.example/0a1b",
    "ftp://cdn.example.com/p.png",
    "http://[",
    "",
    null,
    7,
  ])("is %j", (src) => {
    expect(imageSource(src, ALLOWED).kind).toBe("none");
  });
});
