/** Caches a client secret and renews it before it expires. */

/** Returns a new secret; gets the secret that it replaces, or null. */
export type GetClientSecret = (current: string | null) => Promise<string>;

export type SecretCache = {
  /** Returns the secret to send. Concurrent calls share one request for a new secret. */
  get(): Promise<string>;
  /** Marks a secret as rejected with 401, so that it is never sent again. */
  refuse(secret: string): void;
};

/** `getClientSecret` returned nothing, or a secret that the server has already rejected. */
export class RefusedSecretError extends Error {
  override name = "RefusedSecretError";
}

const RENEW_BEFORE_MS = 60_000;
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Creates a cache around `getClientSecret`.
 *
 * The callback is called with null on first use, and with the current secret 60 s before it expires
 * and after a 401. Many callbacks return their argument, or nothing if there is one: they are called
 * again with null. A secret whose expiry can't be read is kept until it is rejected.
 */
export function createSecretCache(getClientSecret: GetClientSecret): SecretCache {
  let current: { secret: string; expiresAt: number } | null = null;
  let refused: string | null = null;
  let latest: string | null = null;
  let pending: Promise<string> | null = null;

  async function fetchSecret(): Promise<string> {
    const previous = latest;
    let secret: unknown = await getClientSecret(previous);
    if (previous !== null && (!secret || secret === previous)) secret = await getClientSecret(null);
    // Callbacks often read a field of a response that may be an error.
    if (typeof secret !== "string" || secret === "") {
      throw new RefusedSecretError("getClientSecret returned no secret.");
    }
    if (secret === refused) {
      throw new RefusedSecretError("getClientSecret returned a secret that was already rejected.");
    }
    latest = secret;
    current = { secret, expiresAt: expiryOf(secret, Date.now()) };
    return secret;
  }

  function renew(): Promise<string> {
    pending ??= fetchSecret().finally(() => {
      pending = null;
    });
    return pending;
  }

  return {
    async get() {
      const now = Date.now();
      if (current !== null && now < current.expiresAt - RENEW_BEFORE_MS) return current.secret;
      if (current === null || now >= current.expiresAt) return renew();
      const held = current.secret;
      // The current secret is still valid: a failed renewal must not fail this request.
      return renew().catch(() => held);
    },
    refuse(secret) {
      refused = secret;
      if (current?.secret === secret) current = null;
    },
  };
}

/**
 * Returns when a secret expires by this machine's clock, in ms; infinity if unknown.
 *
 * With a wrong clock, a fresh token may seem expired or not yet issued. Its lifetime then counts
 * from now; if that is wrong too, the server responds with 401.
 */
function expiryOf(secret: string, now: number): number {
  const { exp, iat } = claimsOf(secret);
  if (exp === null) return Number.POSITIVE_INFINITY;
  const isPlausible = exp > now && (iat === null || iat <= now + CLOCK_TOLERANCE_MS);
  if (isPlausible) return exp;
  return iat === null ? Number.POSITIVE_INFINITY : now + (exp - iat);
}

function claimsOf(secret: string): { exp: number | null; iat: number | null } {
  const payload = secret.split(".")[1];
  if (payload === undefined) return { exp: null, iat: null };
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return { exp: milliseconds(claims, "exp"), iat: milliseconds(claims, "iat") };
  } catch {
    return { exp: null, iat: null }; // opaque secrets are allowed
  }
}

function milliseconds(claims: unknown, name: "exp" | "iat"): number | null {
  if (typeof claims !== "object" || claims === null) return null;
  const value: unknown = Reflect.get(claims, name);
  return typeof value === "number" ? value * 1000 : null;
}
