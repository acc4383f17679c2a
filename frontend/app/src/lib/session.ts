/** A user's account. */
export interface User {
  id: string;
  email: string | null;
  name: string | null;
  timezone: string | null;
  locale: string | null;
}

/** A signed-in user with a login token. */
export interface Session {
  user: User;
  token: string;
  /** When the token expires, in milliseconds since 1970. */
  expiresAt: number;
}

/** The response of sign-up, sign-in and refresh. */
export interface SignInResponse {
  access_token: string;
  expires_in: number;
  user: User;
}

/** Converts a response to a request that was sent at `now`. */
export function toSession(response: SignInResponse, now = Date.now()): Session {
  return {
    user: response.user,
    token: response.access_token,
    expiresAt: now + response.expires_in * 1000,
  };
}
