import { afterEach, describe, expect, it, vi } from "vitest";

const USER = { id: "usr_1", email: null, name: null, timezone: null, locale: null };

async function load(officialScript: string) {
  vi.resetModules();
  vi.stubEnv("NEXT_PUBLIC_CHATKIT_SCRIPT", officialScript);
  vi.stubEnv("NEXT_PUBLIC_CHATKIT_DOMAIN_KEY", "domain_pk_1");
  return import("@/lib/chatApi");
}

afterEach(() => vi.unstubAllEnvs());

describe("chatApi", () => {
  it("gives the site's component a URL and a source of client secrets", async () => {
    const { chatApi } = await load("");
    const api = chatApi("usr_1");
    expect(api).toEqual({ url: "/api/usr_1/chat", getClientSecret: expect.any(Function) });
  });

  it("gives the official script an absolute URL, a domain key and a fetch", async () => {
    const { chatApi } = await load(
      "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js",
    );
    expect(chatApi("usr_1")).toEqual({
      url: new URL("/api/usr_1/chat", window.location.href).href,
      domainKey: "domain_pk_1",
      fetch: expect.any(Function),
      uploadStrategy: { type: "two_phase" },
    });
  });
});

describe("describeEntity", () => {
  const dates = {
    locale: "en-GB",
    timezone: "Europe/Berlin",
    now: new Date("2026-11-24T12:00:00Z"),
  };

  it.each([
    [
      { number: "12", list: "Work", priority: "high", due: "2026-11-25" },
      "#12 · Work · Tomorrow · High",
    ],
    [{ number: "3", list: "Home", priority: "none" }, "#3 · Home"],
    [
      { number: "4", list: "Home", due: "2026-11-24", due_at: "2026-11-24T08:30:00+00:00" },
      "#4 · Home · Overdue: Today 09:30",
    ],
    [{ type: "list" }, ""],
  ])("names what tells tasks apart: %o", async (data, description) => {
    const { describeEntity } = await load("");
    expect(describeEntity({ id: "1", title: "Call", data }, dates)).toBe(description);
  });
});

describe("sendAuthorized", () => {
  it("retries once with a new token if the old one is refused", async () => {
    const { useAuthStore: store } = await import("@/stores/authStore");
    const { sendAuthorized } = await import("@/lib/authorizedHttp");
    store.setState({ user: USER, token: "old", isAuthenticated: true, status: "signed-in" });
    const sentTokens: (string | null)[] = [];
    vi.stubGlobal("fetch", async (input: string, init: RequestInit) => {
      if (input.startsWith("/api/auth/refresh")) {
        return Response.json({ access_token: "new", expires_in: 900, user: USER });
      }
      const token = new Headers(init.headers).get("Authorization");
      sentTokens.push(token);
      return token === "Bearer new"
        ? Response.json({})
        : Response.json({ type: "urn:todochat:problem:unauthorized" }, { status: 401 });
    });
    expect((await sendAuthorized("/api/usr_1/tasks")).ok).toBe(true);
    expect(sentTokens).toEqual(["Bearer old", "Bearer new"]);
    expect(store.getState().token).toBe("new");
  });

  it("fails and ends the session if the token can't be renewed", async () => {
    vi.resetModules();
    const { useAuthStore: store } = await import("@/stores/authStore");
    const { sendAuthorized } = await import("@/lib/authorizedHttp");
    store.setState({ user: USER, token: "old", isAuthenticated: true, status: "signed-in" });
    vi.stubGlobal("fetch", async () =>
      Response.json({ type: "urn:todochat:problem:unauthorized" }, { status: 401 }),
    );
    await expect(sendAuthorized("/api/usr_1/tasks")).rejects.toMatchObject({ status: 401 });
    expect(store.getState()).toMatchObject({ isAuthenticated: false, status: "signed-out" });
  });
});
