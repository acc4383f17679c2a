import { send, sendJson } from "@/lib/http";
import { type Session, type SignedInAnswer, sessionOf } from "@/lib/session";

/** What a person fills in to get an account. */
export interface NewAccount {
  email: string;
  password: string;
  name?: string;
  timezone?: string;
  locale?: string;
  invitation?: string;
}

/** Makes an account and signs it in. */
export async function postSignUp(account: NewAccount): Promise<Session> {
  return post("/api/auth/sign-up", account);
}

/** Signs in. */
export async function postSignIn(email: string, password: string): Promise<Session> {
  return post("/api/auth/sign-in", { email, password });
}

/** Signs in with a one-time link, which is used up. */
export async function postSignInLink(token: string): Promise<Session> {
  return post("/api/auth/sign-in-links/redeem", { token });
}

/** Trades the refresh cookie, which scripts can't see, for a login token; null if there is none. */
export async function postRefresh(): Promise<Session | null> {
  const sentAt = Date.now();
  const response = await send("/api/auth/refresh?optional=true", {
    method: "POST",
    credentials: true,
  });
  if (response.status === 204) return null;
  return sessionOf((await response.json()) as SignedInAnswer, sentAt);
}

/** Ends the session of the refresh cookie. */
export async function postSignOut(): Promise<void> {
  await send("/api/auth/sign-out", { method: "POST", credentials: true });
}

async function post(path: string, body: unknown): Promise<Session> {
  const sentAt = Date.now();
  const answer = await sendJson<SignedInAnswer>(path, { method: "POST", credentials: true, body });
  return sessionOf(answer, sentAt);
}
