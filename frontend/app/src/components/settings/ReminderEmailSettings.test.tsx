import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ReminderEmailSettings } from "@/components/settings/ReminderEmailSettings";
import { useAuthStore } from "@/stores/authStore";

const USER = { id: "usr_1", email: "ada@example.com", name: null, timezone: null, locale: null };
const OFF = { available: true, on: false, address: USER.email, awaits_code: false };
const PATH = "/api/usr_1/reminders/email";

/** A server with the preference; the right code is 12345678. */
class FakeServer {
  constructor(public state = OFF) {}

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const { pathname } = new URL(String(input), "http://site");
    const body = init.body ? JSON.parse(String(init.body)) : {};
    if (init.method === "PATCH") this.state = { ...OFF, awaits_code: body.on };
    if (pathname === `${PATH}/confirm`) {
      if (body.code !== "12345678") {
        return Response.json({ detail: "The code is wrong." }, { status: 422 });
      }
      this.state = { ...OFF, on: true };
    }
    return Response.json(this.state);
  };
}

function show(server: FakeServer): void {
  vi.stubGlobal("fetch", server.fetch);
  render(<ReminderEmailSettings />);
}

const findSwitch = () => screen.findByRole<HTMLInputElement>("checkbox", { name: "E-mail me" });

async function enter(code: string): Promise<void> {
  fireEvent.change(await screen.findByLabelText("Code"), { target: { value: code } });
  fireEvent.click(screen.getByRole("button", { name: "Confirm address" }));
}

beforeEach(() => {
  useAuthStore.setState({ user: USER, token: "x", isAuthenticated: true, status: "signed-in" });
});

afterEach(cleanup);

it("switches reminders on with the code that was sent to the address", async () => {
  show(new FakeServer());
  fireEvent.click(await findSwitch());

  await enter("00000000");
  await screen.findByText("The code is wrong.");
  await enter("12345678");

  await waitFor(() => expect(screen.queryByLabelText("Code")).toBeNull());
  expect((await findSwitch()).checked).toBe(true);
});

it("cancels a requested code and switches reminders off", async () => {
  show(new FakeServer({ ...OFF, awaits_code: true }));
  const field = await screen.findByLabelText("Code");

  fireEvent.click(await findSwitch());

  await waitFor(() => expect(field.isConnected).toBe(false));
  expect((await findSwitch()).checked).toBe(false);
});

it("shows nothing where the server sends no e-mail", async () => {
  const server = new FakeServer({ ...OFF, available: false });
  const fetched = vi.spyOn(server, "fetch");
  show(server);

  await waitFor(() => expect(fetched).toHaveResolved());

  expect(screen.queryByRole("checkbox")).toBeNull();
});
