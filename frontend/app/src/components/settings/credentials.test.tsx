import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AccountSettings } from "@/components/settings/AccountSettings";
import { SessionSettings } from "@/components/settings/SessionSettings";
import { TokenSettings } from "@/components/settings/TokenSettings";
import { useAuthStore } from "@/stores/authStore";
import { useToasts } from "@/stores/toastStore";

const USER = { id: "usr_1", email: "ada@example.com", name: null, timezone: null, locale: null };
const TOKEN = {
  id: "pat_1",
  name: "Backup script",
  scopes: ["tasks"],
  created_at: "2026-11-29T10:00:00Z",
  last_used_at: null,
  expires_at: "2027-02-27T10:00:00Z",
};

/** A server that records request bodies and sends the responses of the test. */
class FakeServer {
  readonly bodies: Record<string, unknown> = {};
  responses: Record<string, () => Response> = {};

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const route = `${init.method ?? "GET"} ${new URL(String(input), "http://site").pathname}`;
    if (init.body) this.bodies[route] = JSON.parse(String(init.body));
    return this.responses[route]?.() ?? Response.json({ items: [] });
  };
}

function problem(status: number, code: string, detail: string, errors: object[] = []): Response {
  return Response.json({ type: `urn:todochat:problem:${code}`, detail, errors }, { status });
}

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer();
  vi.stubGlobal("fetch", server.fetch);
  const token = `e30.${btoa(JSON.stringify({ exp: 9_999_999_999 }))}.e30`;
  useAuthStore.setState({ user: USER, token, isAuthenticated: true, status: "signed-in" });
  useToasts.setState({ toasts: [] });
});

afterEach(cleanup);

function type(label: string, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

function press(name: string): void {
  fireEvent.click(screen.getByRole("button", { name }));
}

const revokeCheckbox = () =>
  screen.getByRole<HTMLInputElement>("checkbox", { name: "Also revoke my access tokens" });

it.each([true, false])("changes the password and revokes tokens: %s", async (isRevoking) => {
  server.responses["POST /api/auth/password"] = () => new Response(null, { status: 204 });
  render(<AccountSettings />);
  expect(revokeCheckbox().checked).toBe(true);
  if (!isRevoking) fireEvent.click(revokeCheckbox());
  type("Current password", "correct horse battery");
  type("New password", "a better horse battery");

  press("Change password");

  await waitFor(() => expect(useToasts.getState().toasts).toHaveLength(1));
  expect(server.bodies["POST /api/auth/password"]).toEqual({
    current_password: "correct horse battery",
    new_password: "a better horse battery",
    revoke_access_tokens: isRevoking,
  });
  expect(screen.getByLabelText<HTMLInputElement>("Current password").value).toBe("");
});

it.each([true, false])("signs out everywhere and revokes tokens: %s", async (isRevoking) => {
  server.responses["POST /api/auth/sign-out-everywhere"] = () =>
    new Response(null, { status: 204 });
  render(<SessionSettings />);

  press("Sign out everywhere…");
  if (!isRevoking) fireEvent.click(revokeCheckbox());
  press("Sign out everywhere");

  await waitFor(() => expect(useAuthStore.getState().isAuthenticated).toBe(false));
  expect(server.bodies["POST /api/auth/sign-out-everywhere"]).toEqual({
    revoke_access_tokens: isRevoking,
  });
});

it("asks for confirmation before signing out everywhere", () => {
  render(<SessionSettings />);

  press("Sign out everywhere…");
  press("Cancel");

  expect(server.bodies).toEqual({});
  expect(useAuthStore.getState().isAuthenticated).toBe(true);
});

it("creates a token with password and expiry, then clears the password", async () => {
  server.responses["POST /api/auth/tokens"] = () =>
    Response.json({ ...TOKEN, token: "todochat_pat_x" }, { status: 201 });
  render(<TokenSettings />);
  type("Name", "Backup script");
  type("Your password", "correct horse battery");

  press("Create token");

  await screen.findByDisplayValue("todochat_pat_x");
  const body = server.bodies["POST /api/auth/tokens"] as Record<string, string>;
  const days = (Date.parse(body.expires_at ?? "") - Date.now()) / 86_400_000;
  expect(body).toMatchObject({ name: "Backup script", password: "correct horse battery" });
  expect(Math.round(days)).toBe(90);
  expect(screen.getByLabelText<HTMLInputElement>("Your password").value).toBe("");
});

it("shows the wrong-password error at the password field", async () => {
  server.responses["POST /api/auth/tokens"] = () => problem(403, "wrong-password", "Wrong one.");
  render(<TokenSettings />);
  type("Name", "Backup script");
  type("Your password", "not it");

  press("Create token");

  await screen.findByText("Wrong one.");
  expect(screen.getByLabelText("Your password").getAttribute("aria-invalid")).toBe("true");
});

it("shows the error of a lifetime over the limit at its field", async () => {
  const errors = [{ pointer: "/expires_at", detail: "Within 30 days." }];
  server.responses["POST /api/auth/tokens"] = () =>
    problem(422, "invalid-input", "Within 30 days.", errors);
  render(<TokenSettings />);
  type("Name", "Backup script");
  type("Your password", "correct horse battery");

  press("Create token");

  await screen.findByText("Within 30 days.");
  expect(screen.getByLabelText("Expires in").getAttribute("aria-invalid")).toBe("true");
});

it("needs no password for an account without one, and asks for a recent sign-in", async () => {
  useAuthStore.setState({ user: { ...USER, email: null } });
  server.responses["POST /api/auth/tokens"] = () =>
    problem(403, "recent-sign-in-required", "Sign in again.");
  render(<TokenSettings />);
  expect(screen.queryByLabelText("Your password")).toBeNull();
  type("Name", "Backup script");

  press("Create token");

  await screen.findByText("Sign in again.");
  expect(server.bodies["POST /api/auth/tokens"]).toMatchObject({ password: null });
});
