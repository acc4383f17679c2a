import { renderHook } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { useChatOptions } from "@/hooks/useChatOptions";
import { TODO_TEXTS } from "@/lib/siteTexts";
import { useAuthStore } from "@/stores/authStore";
import { useSiteTextsStore } from "@/stores/siteTextsStore";

const ADA = { id: "usr_1", email: "ada@example.com", name: "Ada", timezone: null, locale: null };

beforeEach(() => {
  vi.stubGlobal("fetch", async () => new Response("", { status: 503 }));
  useAuthStore.setState({ user: ADA, isAuthenticated: true });
  useSiteTextsStore.setState({ texts: null });
});

it("greets the user by name and offers prompts for tasks", () => {
  const { result } = renderHook(useChatOptions);

  expect(result.current.startScreen).toEqual({
    greeting: "Hello Ada, what needs doing?",
    prompts: TODO_TEXTS.prompts,
  });
});

it("shows the configured greeting and prompts", () => {
  const prompts = [{ label: "Green", prompt: "a pot of green tea", icon: "star" as const }];
  useSiteTextsStore.setState({ texts: { ...TODO_TEXTS, greeting: "Which tea?", prompts } });

  const { result } = renderHook(useChatOptions);

  expect(result.current.startScreen).toEqual({ greeting: "Which tea?", prompts });
});
