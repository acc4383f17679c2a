import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ImportForm } from "@/components/settings/ImportForm";
import { useAuthStore } from "@/stores/authStore";

const USER = { id: "usr_1", email: "ada@example.com", name: null, timezone: null, locale: null };
const COUNTS = { created: 600, existing: 0, changed: 0, in_trash: 0, skipped: 0 };
const REPORT = {
  format: "csv",
  encoding: null,
  request_id: "req_1",
  ...{ lists: COUNTS, sections: COUNTS, tasks: COUNTS, filters: COUNTS, tags: COUNTS },
  ...{ issues: [], issue_count: 0, left_out: [] },
};

beforeEach(() => {
  useAuthStore.setState({ user: USER, token: "x", isAuthenticated: true, status: "signed-in" });
});

afterEach(cleanup);

it("continues an import that failed under its key, so that one undo reverts both", async () => {
  const keys: (string | null)[] = [];
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const { pathname, searchParams } = new URL(String(input), "http://site");
    if (!pathname.endsWith("/import")) return Response.json({ items: [], next_cursor: null });
    if (searchParams.has("dry_run")) return Response.json({ ...REPORT, dry_run: true });
    keys.push(new Headers(init.headers).get("Idempotency-Key"));
    return keys.length === 1
      ? Response.json({ detail: "The database is down." }, { status: 503 })
      : Response.json({ ...REPORT, dry_run: false });
  });
  render(<ImportForm />);
  const check = () => {
    fireEvent.change(screen.getByLabelText("File"), { target: { files: [new File(["x"], "a")] } });
    fireEvent.submit(screen.getByRole("button", { name: "Check file" }));
  };
  const press = async (name: string) =>
    fireEvent.click(await screen.findByRole("button", { name }));

  check();
  await press("Import");
  await screen.findByText("The database is down.");
  await press("Import");
  await press("Import another file");
  check();
  await press("Import");
  await screen.findByRole("button", { name: "Undo this import" });

  expect(keys[0]).toBeTruthy();
  expect(keys).toEqual([keys[0], keys[0], expect.not.stringMatching(keys[0] ?? "")]);
});
