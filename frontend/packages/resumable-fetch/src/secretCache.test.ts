import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createSecretCache, RefusedSecretError } from "./secretCache";

const HOUR_S = 3600;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Returns a token that is valid for an hour, issued now by default. */
function token(name: string, { ageS = 0, withIat = true } = {}): string {
  const iat = Date.now() / 1000 - ageS;
  const claims = { name, exp: iat + HOUR_S, ...(withIat ? { iat } : {}) };
  return `head.${btoa(JSON.stringify(claims)).replaceAll("+", "-").replaceAll("/", "_")}.sign`;
}

function counted() {
  let number = 0;
  return vi.fn(async (_current: string | null) => token(`secret ${number++}`));
}

it("calls getClientSecret with null once and caches the secret", async () => {
  const ask = counted();
  const cache = createSecretCache(ask);
  const secrets = await Promise.all([cache.get(), cache.get()]);
  expect(await cache.get()).toBe(secrets[0]);
  expect(secrets[0]).toBe(secrets[1]);
  expect(ask.mock.calls).toEqual([[null]]);
});

it("renews a secret 60 s before it expires, with the current one", async () => {
  const ask = counted();
  const cache = createSecretCache(ask);
  const first = await cache.get();
  vi.advanceTimersByTime(59 * 60_000 - 1);
  expect(await cache.get()).toBe(first);
  vi.advanceTimersByTime(1);
  expect(await cache.get()).not.toBe(first);
  expect(ask.mock.calls).toEqual([[null], [first]]);
});

it("passes a rejected secret on, so that the page can refresh its session", async () => {
  const ask = counted();
  const cache = createSecretCache(ask);
  const first = await cache.get();
  cache.refuse(first);
  expect(await cache.get()).not.toBe(first);
  expect(ask.mock.calls).toEqual([[null], [first]]);
});

it.each<[what: string, result: (existing: string) => string | undefined]>([
  ["its argument", (existing) => existing],
  ["nothing for one", () => undefined],
])("asks a callback that returns %s again, with null", async (_, result) => {
  const ask = vi.fn(async (existing: string | null) =>
    existing === null ? token(`${Date.now()}`) : (result(existing) as string),
  );
  const cache = createSecretCache(ask);
  const first = await cache.get();
  vi.advanceTimersByTime(2 * HOUR_S * 1000);
  const second = await cache.get();
  expect(second).not.toBe(first);
  cache.refuse(second);
  vi.advanceTimersByTime(1000);
  expect(await cache.get()).not.toBe(second);
  expect(ask.mock.calls).toEqual([[null], [first], [null], [second], [null]]);
});

it("keeps using a valid secret while renewal fails", async () => {
  const first = token("first");
  const ask = vi.fn().mockResolvedValueOnce(first).mockRejectedValue(new Error("offline"));
  const cache = createSecretCache(ask);
  await cache.get();
  vi.advanceTimersByTime(59.5 * 60_000);
  expect(await cache.get()).toBe(first);
  vi.advanceTimersByTime(60_000);
  await expect(cache.get()).rejects.toThrow("offline");
});

it("never sends a rejected secret again", async () => {
  const first = token("first");
  const cache = createSecretCache(async () => first);
  cache.refuse(await cache.get());
  await expect(cache.get()).rejects.toBeInstanceOf(RefusedSecretError);
});

it("rejects an empty result and retries on the next call", async () => {
  const answers: unknown[] = [undefined, "", "secret"];
  const cache = createSecretCache(async () => answers.shift() as string);
  await expect(cache.get()).rejects.toBeInstanceOf(RefusedSecretError);
  await expect(cache.get()).rejects.toBeInstanceOf(RefusedSecretError);
  expect(await cache.get()).toBe("secret");
});

it("keeps an opaque secret until it is rejected", async () => {
  const ask = vi.fn(async () => "opaque");
  const cache = createSecretCache(ask);
  await cache.get();
  vi.advanceTimersByTime(100 * HOUR_S * 1000);
  expect(await cache.get()).toBe("opaque");
  expect(ask).toHaveBeenCalledOnce();
});

it.each([
  ["ahead", 3 * HOUR_S],
  ["behind", -3 * HOUR_S],
])("does not renew on every request when the clock is %s", async (_, ageS) => {
  const ask = vi.fn(async () => token("odd", { ageS }));
  const cache = createSecretCache(ask);
  await cache.get();
  await cache.get();
  expect(ask).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(HOUR_S * 1000);
  await cache.get();
  expect(ask).toHaveBeenCalledTimes(2);
});
