// @vitest-environment node
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RequestError } from "./errors";

const PAGE = "https://app.example";
const API = "https://chat.example/api/ada/chat";
const FAILED = new TypeError("Failed to fetch");
let printed: string[] = [];

/** Returns the module of a page that has reported nothing yet. */
function load(): Promise<typeof import("./crossOrigin")> {
  vi.resetModules();
  return import("./crossOrigin");
}

beforeEach(() => {
  printed = [];
  vi.stubGlobal("location", new URL(PAGE));
  vi.stubGlobal("navigator", { onLine: true });
  vi.spyOn(console, "error").mockImplementation((line: string) => printed.push(line));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it("a rejected origin is reported once for each server, other rejections aren't", async () => {
  const { reportRejectedOrigin } = await load();
  const rejected = new RequestError(
    `This server doesn't allow ${PAGE}.`,
    403,
    "origin-not-allowed",
  );
  reportRejectedOrigin(API, new RequestError("No.", 403, "forbidden"));
  for (const url of [API, API, "https://other.example/chat"]) reportRejectedOrigin(url, rejected);
  expect(printed).toHaveLength(2);
  expect(printed[0]).toContain(`was rejected: This server doesn't allow ${PAGE}.`);
});

it("a failed request to another origin is reported once with the likely causes", async () => {
  const { reportUnreachable } = await load();
  for (let i = 0; i < 2; i += 1) reportUnreachable(API, FAILED);
  expect(printed).toHaveLength(1);
  expect(printed[0]).toContain("CORS_ALLOWED_ORIGINS");
});

it("aborts, being offline and the page's own origin aren't reported", async () => {
  const { reportUnreachable } = await load();
  reportUnreachable(API, new DOMException("stopped", "AbortError"));
  reportUnreachable(`${PAGE}/api/ada/chat`, FAILED);
  vi.stubGlobal("navigator", { onLine: false });
  reportUnreachable(API, FAILED);
  expect(printed).toEqual([]);
});
