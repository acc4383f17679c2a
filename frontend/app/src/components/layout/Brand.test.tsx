import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Brand } from "@/components/layout/Brand";
import { titleWithName, useSiteTextsOnPage, useSiteTextsStore } from "@/stores/siteTextsStore";

function Page() {
  useSiteTextsOnPage();
  return <Brand />;
}

beforeEach(() => {
  useSiteTextsStore.setState({ texts: null });
  document.title = "Chat · todochat";
});

afterEach(cleanup);

it("shows the configured name in the logo and in every page's title", async () => {
  const assistant = { name: "Tea house", greeting: null, prompts: null };
  vi.stubGlobal("fetch", async () => Response.json({ assistant }));
  render(<Page />);
  expect(screen.queryByText("todochat")).toBeNull();

  await screen.findByText("Tea house");

  expect(document.title).toBe("Chat · Tea house");
  act(() => {
    document.title = "Sign in · todochat"; // a navigation
  });
  await waitFor(() => expect(document.title).toBe("Sign in · Tea house"));
});

it("replaces only the default name at the end of a title", () => {
  expect(titleWithName("todochat", "Tea house")).toBe("Tea house");
  expect(titleWithName("Chat · todochat", "Tea house")).toBe("Chat · Tea house");
  expect(titleWithName("about todochat", "Tea house")).toBe("about todochat");
});
