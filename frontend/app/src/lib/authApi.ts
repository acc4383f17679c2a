import { send, sendJson } from "@/lib/http";
import { type Session, type SignInResponse, toSession } from "@/lib/session";

/** A request for an account. */
export interface NewAccount {
  email: string;
  password: string;
  name?: string;
  timezone?: string;
  locale?: string;
  invitation?: string;
}

/** Creates an account and signs in to it. */
export async function postSignUp(account: NewAccount): Promise<Session> {
  return postCredentials("/api/auth/sign-up", account);
}

/** Signs in. */
export async function postSignIn(email: string, password: string): Promise<Session> {
  return postCredentials("/api/auth/sign-in", { email, password });
}

/** Signs in with the token of a one-time link. */
export async function postSignInLink(token: string): Promise<Session> {
  return postCredentials("/api/auth/sign-in-links/redeem", { token });
}

/** Exchanges the refresh cookie, which scripts can't read, for a session; null without a cookie. */
export async function postRefresh(): Promise<Session | null> {
  const sentAt = Date.now();
  const response = await send("/api/auth/refresh?optional=true", {
    method: "POST",
    credentials: true,
  });
  if (response.status === 204) return null;
  return toSession((await response.json()) as SignInResponse, sentAt);
}

/** Ends the session of the refresh cookie. */
export async function postSignOut(): Promise<void> {
  await send("/api/auth/sign-out", { method: "POST", credentials: true });
}

async function postCredentials(path: string, body: unknown): Promise<Session> {
  const sentAt = Date.now();
  const response = await sendJson<SignInResponse>(path, {
    method: "POST",
    credentials: true,
    body,
  });
  return toSession(response, sentAt);
}
