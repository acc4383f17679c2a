import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/problem";
import { SessionKeeper, type SignedOutReason } from "@/lib/SessionKeeper";
import type { Session } from "@/lib/session";

const USER = { id: "usr_1", email: "a@example.com", name: null, timezone: null, locale: null };
const MINUTE = 60_000;

/** A BroadcastChannel between the tabs of one browser. */
class FakeChannel extends EventTarget {
  static all: FakeChannel[] = [];
  constructor() {
    super();
    FakeChannel.all.push(this);
  }
  postMessage(data: unknown) {
    for (const other of FakeChannel.all) {
      if (other !== this) other.dispatchEvent(new MessageEvent("message", { data }));
    }
  }
}

function fakeLocks() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    request: (_name: string, task: () => Promise<unknown>) => {
      const turn = last.then(task, task);
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

function openTab(refresh: () => Promise<Session | null>) {
  const seen: { sessions: Session[]; signedOut: SignedOutReason[] } = {
    sessions: [],
    signedOut: [],
  };
  const keeper = new SessionKeeper({
    refresh,
    onSession: (session) => seen.sessions.push(session),
    onSignedOut: (reason) => seen.signedOut.push(reason),
  });
  return { keeper, seen };
}

let issued = 0;
const issue = async (): Promise<Session> => {
  issued += 1;
  return { user: USER, token: `token-${issued}`, expiresAt: Date.now() + 15 * MINUTE };
};

beforeEach(() => {
  issued = 0;
  FakeChannel.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  vi.stubGlobal("navigator", { ...navigator, locks: fakeLocks() });
});

afterEach(() => vi.useRealTimers());

describe("SessionKeeper", () => {
  it("renews the token a minute before it expires", async () => {
    const refresh = vi.fn(issue);
    const { keeper, seen } = openTab(refresh);
    keeper.begin(await issue());
    await vi.advanceTimersByTimeAsync(13 * MINUTE);
    expect(refresh).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(seen.sessions.at(-1)?.token).toBe("token-2");
  });

  it("refreshes once for concurrent tabs, and both get the session", async () => {
    const refresh = vi.fn(issue);
    const one = openTab(refresh);
    const two = openTab(refresh);
    const sessions = await Promise.all([one.keeper.refresh(), two.keeper.refresh()]);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(sessions.map((session) => session?.token)).toEqual(["token-1", "token-1"]);
    expect(two.seen.sessions.at(-1)?.token).toBe("token-1");
  });

  it("replaces a refused token before its expiry", async () => {
    const { keeper } = openTab(issue);
    await keeper.refresh();
    expect((await keeper.refresh("token-1"))?.token).toBe("token-2");
  });

  it("ends the session in every tab when one signs out", async () => {
    const one = openTab(issue);
    const two = openTab(issue);
    one.keeper.begin(await issue());
    one.keeper.end("chosen");
    expect(two.seen.signedOut).toEqual(["chosen"]);
  });

  it("passes a new session to the other tabs", async () => {
    const one = openTab(issue);
    const two = openTab(issue);
    one.keeper.begin(await issue());
    expect(two.seen.sessions.map((session) => session.token)).toEqual(["token-1"]);
  });

  it("ends the session if the cookie is refused, and tells whether there was one", async () => {
    const reject = () => Promise.reject(new ApiError(401, "refresh-refused", "Sign in again."));
    const newTab = openTab(async () => null);
    expect(await newTab.keeper.refresh()).toBeNull();
    expect(newTab.seen.signedOut).toEqual(["none"]);
    const known = openTab(reject);
    known.keeper.begin(await issue());
    await known.keeper.refresh("token-1");
    expect(known.seen.signedOut).toEqual(["ended"]);
  });

  it("keeps the session during an outage and renews it afterwards", async () => {
    let isDown = true;
    const { keeper, seen } = openTab(() =>
      isDown ? Promise.reject(new ApiError(503, "unavailable", "Down.")) : issue(),
    );
    keeper.begin(await issue());
    await vi.advanceTimersByTimeAsync(14 * MINUTE);
    expect(seen.signedOut).toEqual([]);
    isDown = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(seen.sessions.at(-1)?.token).toBe("token-2");
  });

  it("renews an expiring token when the tab becomes visible", async () => {
    const refresh = vi.fn(issue);
    const { keeper } = openTab(refresh);
    keeper.watch();
    keeper.begin({ ...(await issue()), expiresAt: Date.now() + 90_000 });
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});
