import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/problem";
import { SessionKeeper, type SignedOutReason } from "@/lib/SessionKeeper";
import type { Session } from "@/lib/session";

const USER = { id: "usr_1", email: "a@example.com", name: null, timezone: null, locale: null };
const MINUTE = 60_000;

/** Tabs of one browser: they share a channel and a lock, as the platform gives them. */
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

describe("a session over all tabs of a browser", () => {
  it("is renewed a minute before its token expires", async () => {
    const refresh = vi.fn(issue);
    const { keeper, seen } = openTab(refresh);
    keeper.begin(await issue());
    await vi.advanceTimersByTimeAsync(13 * MINUTE);
    expect(refresh).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(seen.sessions.at(-1)?.token).toBe("token-2");
  });

  it("is refreshed by one tab when two want it at once, and both have the result", async () => {
    const refresh = vi.fn(issue);
    const one = openTab(refresh);
    const two = openTab(refresh);
    const sessions = await Promise.all([one.keeper.refresh(), two.keeper.refresh()]);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(sessions.map((session) => session?.token)).toEqual(["token-1", "token-1"]);
    expect(two.seen.sessions.at(-1)?.token).toBe("token-1");
  });

  it("is refreshed although the token looks good, when the server has refused it", async () => {
    const { keeper } = openTab(issue);
    await keeper.refresh();
    expect((await keeper.refresh("token-1"))?.token).toBe("token-2");
  });

  it("ends in every tab when one signs out", async () => {
    const one = openTab(issue);
    const two = openTab(issue);
    one.keeper.begin(await issue());
    one.keeper.end("chosen");
    expect(two.seen.signedOut).toEqual(["chosen"]);
  });

  it("begins in a tab that waits at the sign-in page", async () => {
    const one = openTab(issue);
    const two = openTab(issue);
    one.keeper.begin(await issue());
    expect(two.seen.sessions.map((session) => session.token)).toEqual(["token-1"]);
  });

  it("is over when the cookie is refused, and says whether there was one", async () => {
    const refused = () => Promise.reject(new ApiError(401, "refresh-refused", "Sign in again."));
    const stranger = openTab(async () => null);
    expect(await stranger.keeper.refresh()).toBeNull();
    expect(stranger.seen.signedOut).toEqual(["none"]);
    const known = openTab(refused);
    known.keeper.begin(await issue());
    await known.keeper.refresh("token-1");
    expect(known.seen.signedOut).toEqual(["ended"]);
  });

  it("survives a server that is away, and is renewed when it is back", async () => {
    let isAway = true;
    const { keeper, seen } = openTab(() =>
      isAway ? Promise.reject(new ApiError(503, "unavailable", "Away.")) : issue(),
    );
    keeper.begin(await issue());
    await vi.advanceTimersByTimeAsync(14 * MINUTE);
    expect(seen.signedOut).toEqual([]);
    isAway = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(seen.sessions.at(-1)?.token).toBe("token-2");
  });

  it("is looked after when a tab comes back to the front", async () => {
    const refresh = vi.fn(issue);
    const { keeper } = openTab(refresh);
    keeper.watch();
    keeper.begin({ ...(await issue()), expiresAt: Date.now() + 90_000 });
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(0);
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});
