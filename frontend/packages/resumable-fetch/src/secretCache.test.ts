import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createSecretCache, RefusedSecretError } from "./secretCache";

const HOUR_S = 3600;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-01-01T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A token of an hour, issued now unless said otherwise. */
function token(name: string, { ageS = 0, withIat = true } = {}): string {
  const iat = Date.now() / 1000 - ageS;
  const claims = { name, exp: iat + HOUR_S, ...(withIat ? { iat } : {}) };
  return `head.${btoa(JSON.stringify(claims)).replaceAll("+", "-").replaceAll("/", "_")}.sign`;
}

function counted() {
  let number = 0;
  return vi.fn(async (_current: string | null) => token(`secret ${number++}`));
}

it("asks with null at first, and keeps the answer", async () => {
  const ask = counted();
  const cache = createSecretCache(ask);
  const secrets = await Promise.all([cache.get(), cache.get()]);
  expect(await cache.get()).toBe(secrets[0]);
  expect(secrets[0]).toBe(secrets[1]);
  expect(ask.mock.calls).toEqual([[null]]);
});

it("asks again 60 s before the secret expires, and never hands the old one in", async () => {
  const ask = counted();
  const cache = createSecretCache(ask);
  const first = await cache.get();
  vi.advanceTimersByTime(59 * 60_000 - 1);
  expect(await cache.get()).toBe(first);
  vi.advanceTimersByTime(1);
  expect(await cache.get()).not.toBe(first);
  expect(ask.mock.calls).toEqual([[null], [null]]);
});

it("gets a new secret from a callback that gives back what it is given", async () => {
  const ask = vi.fn(async (existing: string | null) => existing ?? token(`${Date.now()}`));
  const cache = createSecretCache(ask);
  const first = await cache.get();
  vi.advanceTimersByTime(2 * HOUR_S * 1000);
  expect(await cache.get()).not.toBe(first);
});

it("goes on with the secret at hand while renewing fails", async () => {
  const first = token("first");
  const ask = vi.fn().mockResolvedValueOnce(first).mockRejectedValue(new Error("offline"));
  const cache = createSecretCache(ask);
  await cache.get();
  vi.advanceTimersByTime(59.5 * 60_000);
  expect(await cache.get()).toBe(first);
  vi.advanceTimersByTime(60_000);
  await expect(cache.get()).rejects.toThrow("offline");
});

it("asks again after a refusal, and never sends the refused secret again", async () => {
  const first = token("first");
  const cache = createSecretCache(async () => first);
  cache.refuse(await cache.get());
  await expect(cache.get()).rejects.toBeInstanceOf(RefusedSecretError);
});

it("takes no answer for no secret, and asks again", async () => {
  const answers: unknown[] = [undefined, "", "secret"];
  const cache = createSecretCache(async () => answers.shift() as string);
  await expect(cache.get()).rejects.toBeInstanceOf(RefusedSecretError);
  await expect(cache.get()).rejects.toBeInstanceOf(RefusedSecretError);
  expect(await cache.get()).toBe("secret");
});

it("keeps an opaque secret until it is refused", async () => {
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
])("does not ask at every request when this machine's clock is %s", async (_, ageS) => {
  const ask = vi.fn(async () => token("odd", { ageS }));
  const cache = createSecretCache(ask);
  await cache.get();
  await cache.get();
  expect(ask).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(HOUR_S * 1000);
  await cache.get();
  expect(ask).toHaveBeenCalledTimes(2);
});
