import { describe, expect, it } from "vitest";
import { imageSource } from "./images";

const ALLOWED = [
  "cdn.example.com",
  "*.pictures.example",
  "https://with-scheme.example/x",
  "dev.test:8443",
];

describe("a picture is loaded", () => {
  it.each([
    ["from the page's own origin", "/own.png"],
    ["from the page's own origin in full", `${location.origin}/own.png`],
    ["from inside the message", "data:image/png;base64,AA"],
    ["from this page's memory", `blob:${location.origin}/0a1b`],
    ["from a host that the thread allows", "https://cdn.example.com/a.png"],
    ["from a host in capitals", "https://CDN.example.com/a.png"],
    ["from below an allowed host", "https://a.b.pictures.example/a.png"],
    ["from a host that was allowed with its scheme", "https://with-scheme.example/a.png"],
    ["from an allowed port", "https://dev.test:8443/a.png"],
  ])("%s", (_, src) => {
    expect(imageSource(src, ALLOWED).kind).toBe("shown");
  });

  it.each(["localhost:9000", "app.localhost:9000", "127.0.0.1:9000", "[::1]:9000"])(
    "over http from %s alone, where it is allowed",
    (host) => {
      expect(imageSource(`http://${host}/a.png`, [host]).kind).toBe("shown");
      expect(imageSource(`http://${host}/a.png`, []).kind).toBe("linked");
    },
  );
});

describe("a picture is a link that says its host", () => {
  it.each([
    ["on any other host", "https://tracker.example.net/p.png?who=you"],
    ["on a host that only looks allowed", "https://cdn.example.com.evil.net/p.png"],
    ["on a host that only ends like one", "https://evilpictures.example/p.png"],
    ["on the wildcard's bare host", "https://pictures.example/p.png"],
    ["on an allowed host's other port", "https://cdn.example.com:8443/p.png"],
    ["on an allowed host over http", "http://cdn.example.com/p.png"],
    ["on a host that only looks like this machine", "http://localhost.evil.net/p.png"],
    ["without a scheme", "//tracker.example.net/p.png"],
    ["behind a name that looks allowed", "https://cdn.example.com@tracker.example.net/p.png"],
  ])("%s", (_, src) => {
    const source = imageSource(src, [...ALLOWED, "localhost.evil.net"]);

    expect(source).toEqual({
      kind: "linked",
      href: new URL(src, location.href).href,
      host: new URL(src, location.href).host,
    });
  });
});

describe("what is neither loaded nor linked", () => {
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
