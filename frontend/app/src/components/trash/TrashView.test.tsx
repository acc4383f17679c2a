import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TrashView } from "@/components/trash/TrashView";
import { makeTask } from "@/lib/testing/makeTask";
import type { TrashItem } from "@/lib/trash";
import { useAuthStore } from "@/stores/authStore";

const USER = { id: "usr_1", email: "ada@example.com", name: null, timezone: null, locale: null };

/** A server with three deleted tasks, a page each; it holds requests for a restoration back. */
class FakeServer {
  readonly restorations: (() => void)[] = [];
  readonly #titles = ["Milk", "Bread", "Eggs"];

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const { searchParams } = new URL(String(input), "http://site");
    if (init.method === "POST") {
      await new Promise<void>((resolve) => this.restorations.push(resolve));
      return Response.json({});
    }
    const at = Number(searchParams.get("cursor") ?? 0);
    const items = this.#titles.slice(at, at + 2).map(
      (title): TrashItem => ({
        type: "task",
        task: makeTask(title),
        deleted_at: "2026-11-23T08:00:00Z",
        purged_at: "2026-12-23T08:00:00Z",
      }),
    );
    return Response.json({ items, next_cursor: at === 0 ? "2" : null });
  };
}

const titles = () =>
  screen
    .getAllByRole("button", { name: /^Restore: / })
    .map((each) => each.getAttribute("aria-label")?.slice("Restore: ".length));

const restore = async (title: string) =>
  fireEvent.click(await screen.findByRole("button", { name: `Restore: ${title}` }));

beforeEach(() => {
  useAuthStore.setState({ user: USER, token: "x", isAuthenticated: true, status: "signed-in" });
});

afterEach(cleanup);

it("doesn't show a restored task again after another restoration or page", async () => {
  const server = new FakeServer();
  vi.stubGlobal("fetch", server.fetch);
  render(<TrashView />);

  await restore("Milk");
  await restore("Bread");
  await waitFor(() => expect(server.restorations).toHaveLength(2));
  server.restorations[0]?.();
  await waitFor(() => expect(titles()).toEqual(["Bread"]));
  fireEvent.click(screen.getByRole("button", { name: "Show more" }));
  fireEvent.click(screen.getByRole("button", { name: "Show more" }));
  server.restorations[1]?.();

  await waitFor(() => expect(titles()).toEqual(["Eggs"]));
});
