/** A person's account. */
export interface User {
  id: string;
  email: string | null;
  name: string | null;
  timezone: string | null;
  locale: string | null;
}

/** Somebody who is signed in: what their requests carry, and until when. */
export interface Session {
  user: User;
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** The answer of sign-up, sign-in and refresh. */
export interface SignedInAnswer {
  access_token: string;
  expires_in: number;
  user: User;
}

/** The session of an answer that came at `now`. */
export function sessionOf(answer: SignedInAnswer, now = Date.now()): Session {
  return {
    user: answer.user,
    token: answer.access_token,
    expiresAt: now + answer.expires_in * 1000,
  };
}
