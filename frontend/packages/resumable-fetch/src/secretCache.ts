/** Keeps one client secret and gets the next one in time. */

/** Where secrets come from; the argument has ChatKit's form and is always null here. */
export type GetClientSecret = (current: string | null) => Promise<string>;

export type SecretCache = {
  /** The secret to send now. Concurrent calls share one request for a new one. */
  get(): Promise<string>;
  /** Notes that the server answered 401 to a secret; it is never sent again. */
  refuse(secret: string): void;
};

/** `getClientSecret` gave back nothing, or a secret that the server has refused already. */
export class RefusedSecretError extends Error {
  override name = "RefusedSecretError";
}

const RENEW_BEFORE_MS = 60_000;
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Makes a cache around `getClientSecret`.
 *
 * The callback is called at first, 60 s before the secret expires and after a 401. It is given
 * null each time: callbacks are commonly written to return what they are given, and would give an
 * expiring or refused secret back for ever. A secret whose expiry can't be read is kept until it
 * is refused.
 */
export function createSecretCache(getClientSecret: GetClientSecret): SecretCache {
  let current: { secret: string; expiresAt: number } | null = null;
  let refused: string | null = null;
  let asking: Promise<string> | null = null;

  async function ask(): Promise<string> {
    const secret: unknown = await getClientSecret(null);
    // Callbacks commonly read a field of an answer that may as well be an error.
    if (typeof secret !== "string" || secret === "") {
      throw new RefusedSecretError("getClientSecret returned no secret.");
    }
    if (secret === refused) {
      throw new RefusedSecretError("getClientSecret returned a secret that was refused before.");
    }
    current = { secret, expiresAt: expiryOf(secret, Date.now()) };
    return secret;
  }

  function renew(): Promise<string> {
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  }

  return {
    async get() {
      const now = Date.now();
      if (current !== null && now < current.expiresAt - RENEW_BEFORE_MS) return current.secret;
      if (current === null || now >= current.expiresAt) return renew();
      const held = current.secret;
      // The one at hand is good for a little longer: a failed renewal isn't this request's failure.
      return renew().catch(() => held);
    },
    refuse(secret) {
      refused = secret;
      if (current?.secret === secret) current = null;
    },
  };
}

/**
 * When a secret expires by this machine's clock, in ms; infinity if that can't be known.
 *
 * By a clock that is wrong, a fresh token may seem expired or not yet issued. Then its lifetime
 * counts from now; if that is wrong too, the server's 401 says so.
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
    return { exp: null, iat: null }; // an opaque secret is fine
  }
}

function milliseconds(claims: unknown, name: "exp" | "iat"): number | null {
  if (typeof claims !== "object" || claims === null) return null;
  const value: unknown = Reflect.get(claims, name);
  return typeof value === "number" ? value * 1000 : null;
}
