import { expect, it, vi } from "vitest";
import { loadSiteTexts, TODO_TEXTS } from "@/lib/siteTexts";

const PROMPTS = ["green", "black", "white", "mint"].map((kind) => ({
  label: kind,
  prompt: `a pot of ${kind} tea`,
  icon: "star",
}));

function serve(assistant: object): void {
  vi.stubGlobal("fetch", async (path: string) => {
    expect(path).toBe("/api/site");
    return Response.json({ assistant });
  });
}

it("uses the configured texts", async () => {
  serve({ name: "Tea house", greeting: "Which tea?", prompts: PROMPTS });

  expect(await loadSiteTexts()).toEqual({
    siteName: "Tea house",
    assistantName: "Tea house",
    greeting: "Which tea?",
    prompts: PROMPTS,
    examples: ["a pot of green tea", "a pot of black tea", "a pot of white tea"],
  });
});

it("keeps the texts for tasks where nothing is configured", async () => {
  serve({ name: null, greeting: null, prompts: null });

  expect(await loadSiteTexts()).toEqual(TODO_TEXTS);
});

it("shows no prompts if the configured list is empty", async () => {
  serve({ name: null, greeting: null, prompts: [] });

  expect(await loadSiteTexts()).toMatchObject({ prompts: [], examples: [] });
});

it.each([
  ["is unreachable", () => Promise.reject(new TypeError("failed"))],
  ["is down", async () => new Response("", { status: 503 })],
  ["is an older version", async () => Response.json({}, { status: 404 })],
  ["sends something else", async () => Response.json({ items: [] })],
])("falls back to the texts for tasks if the server %s", async (_, respond) => {
  vi.stubGlobal("fetch", respond);

  expect(await loadSiteTexts()).toBe(TODO_TEXTS);
});
