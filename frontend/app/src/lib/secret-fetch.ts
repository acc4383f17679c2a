import type { ClientSecret } from "@/lib/chat-api";

/** A secret is replaced when it has less than this left. */
const RENEW_BEFORE_MS = 60_000;

/**
 * A `fetch` that opens the chat by a client secret: it keeps the secret while it is good, and gets
 * another one, once, when it is refused.
 */
export function createSecretFetch(
  getSecret: () => Promise<ClientSecret>,
  now: () => number = Date.now,
): typeof fetch {
  let current: Promise<ClientSecret> | null = null;

  const secret = async (): Promise<string> => {
    const held = await current?.catch(() => null);
    if (!held || Date.parse(held.expires_at) - now() < RENEW_BEFORE_MS) current = getSecret();
    // `current` is set: either it was held, or it has just been made.
    return (await (current ?? getSecret())).client_secret;
  };
  const sendWith = async (input: RequestInfo | URL, init: RequestInit | undefined) => {
    const headers = new Headers(init?.headers);
    headers.set("Authorization", `Bearer ${await secret()}`);
    return fetch(input, { ...init, headers });
  };

  return async (input, init) => {
    const response = await sendWith(input, init);
    if (response.status !== 401) return response;
    current = null;
    return sendWith(input, init);
  };
}
