import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { LoginForm } from "@/components/auth/LoginForm";
import { RegisterForm } from "@/components/auth/RegisterForm";
import { useAuthStore } from "@/stores/authStore";

const SIGNED_OUT = useAuthStore.getState();

afterEach(() => {
  cleanup();
  useAuthStore.setState(SIGNED_OUT, true);
});

function type(label: string, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

function submit(button: string): void {
  type("E-mail address", "ada@example.com");
  type("Password", "correct horse battery");
  fireEvent.click(screen.getByRole("button", { name: button }));
}

function refuseWith(code: string, status: number, errors: object[] = []): void {
  const body = { type: `urn:todochat:problem:${code}`, detail: "Refused.", errors };
  vi.stubGlobal("fetch", async () => Response.json(body, { status }));
}

it("signs in with e-mail address and password", async () => {
  const signIn = vi.fn(async () => undefined);
  useAuthStore.setState({ signIn });
  render(<LoginForm />);

  submit("Sign in");

  await waitFor(() => {
    expect(signIn).toHaveBeenCalledWith("ada@example.com", "correct horse battery");
  });
  expect(screen.getByLabelText("Password").getAttribute("autocomplete")).toBe("current-password");
});

it("explains an ended session until a sign-in fails", async () => {
  useAuthStore.setState({ signedOutReason: "ended" });
  refuseWith("sign-in-refused", 401);
  render(<LoginForm />);
  screen.getByText("Your session has ended. Sign in again to continue.");

  submit("Sign in");

  expect((await screen.findByRole("alert")).textContent).toContain("Refused.");
  expect(screen.queryByText(/Your session has ended/)).toBeNull();
});

it("offers sign-in for a taken e-mail address", async () => {
  refuseWith("email-taken", 409);
  render(<RegisterForm />);

  submit("Create account");

  const link = await screen.findByRole("link", { name: "Sign in instead" });
  expect(link.getAttribute("href")).toBe("/login");
});

it("asks for an invitation if sign-up needs one", async () => {
  refuseWith("invitation-refused", 403);
  render(<RegisterForm />);
  expect(screen.queryByLabelText("Invitation")).toBeNull();

  submit("Create account");

  await screen.findByLabelText("Invitation");
});

it("shows a field error at its field only", async () => {
  refuseWith("invalid-input", 422, [{ pointer: "/password", detail: "Too common." }]);
  render(<RegisterForm />);

  submit("Create account");

  await screen.findByText("Too common.");
  expect(screen.getByLabelText("Password").getAttribute("aria-invalid")).toBe("true");
  expect(screen.queryByRole("alert")).toBeNull();
});
