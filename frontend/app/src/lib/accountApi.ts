import { sendAuthorized, sendAuthorizedJson } from "@/lib/authorizedHttp";
import { postChatSession } from "@/lib/chatApi";
import { send } from "@/lib/http";
import type { User } from "@/lib/session";

/** One sign-in on one device. */
export interface DeviceSession {
  id: string;
  created_at: string;
  last_used_at: string;
  user_agent: string | null;
  current: boolean;
}

/** What an access token may open. */
export type Scope = "tasks" | "chat";

/** A token for a program of the person's. */
export interface AccessToken {
  id: string;
  name: string;
  scopes: Scope[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  /** The token itself; only in the answer that made it. */
  token?: string;
}

/** Changes name, time zone or locale; null removes one. */
export function patchMe(changes: Partial<Pick<User, "name" | "timezone" | "locale">>) {
  return sendAuthorizedJson<User>("/api/auth/me", { method: "PATCH", body: changes });
}

/** Changes the password; every other session ends, and the access tokens if chosen. */
export async function postPassword(
  current: string,
  fresh: string,
  revokeTokens: boolean,
): Promise<void> {
  const body = {
    current_password: current,
    new_password: fresh,
    revoke_access_tokens: revokeTokens,
  };
  await sendAuthorized("/api/auth/password", { method: "POST", body });
}

/** Where one is signed in, the last used first. */
export async function getSessions(): Promise<DeviceSession[]> {
  return (await sendAuthorizedJson<{ items: DeviceSession[] }>("/api/auth/sessions")).items;
}

/** Ends a session on another device. */
export async function deleteSession(id: string): Promise<void> {
  await sendAuthorized(`/api/auth/sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** Ends all sessions, this one included, and the access tokens if chosen. */
export async function postSignOutEverywhere(revokeTokens: boolean): Promise<void> {
  await sendAuthorized("/api/auth/sign-out-everywhere", {
    method: "POST",
    credentials: true,
    body: { revoke_access_tokens: revokeTokens },
  });
}

/** One's access tokens, the newest first. */
export async function getAccessTokens(): Promise<AccessToken[]> {
  return (await sendAuthorizedJson<{ items: AccessToken[] }>("/api/auth/tokens")).items;
}

/** A request for an access token. */
export interface NewAccessToken {
  name: string;
  scopes: Scope[];
  expires_at: string;
  /** The account's password; null if it has none. */
  password: string | null;
}

/** Creates an access token; only this answer contains it. */
export function postAccessToken(body: NewAccessToken) {
  return sendAuthorizedJson<AccessToken>("/api/auth/tokens", { method: "POST", body });
}

/** Revokes an access token. */
export async function deleteAccessToken(id: string): Promise<void> {
  await sendAuthorized(`/api/auth/tokens/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** Deletes the account and everything of it, for good. */
export async function deleteMe(password: string): Promise<void> {
  await sendAuthorized("/api/auth/me", {
    method: "DELETE",
    credentials: true,
    body: password ? { password } : {},
  });
}

/** Everything the services keep about a person, as one JSON document. */
export async function getExport(userId: string): Promise<Blob> {
  const own = `/api/${encodeURIComponent(userId)}`;
  const { client_secret } = await postChatSession();
  const [account, tasks, chat] = await Promise.all([
    sendAuthorized("/api/auth/me/export").then((response) => response.text()),
    sendAuthorized(`${own}/export`).then((response) => response.text()),
    send(`${own}/chat/export`, { token: client_secret }).then((response) => response.text()),
  ]);
  // Joined as they came: nothing is parsed, so nothing is lost.
  const text = `{"account":${account},\n"tasks":${tasks},\n"chat":${chat}}\n`;
  return new Blob([text], { type: "application/json" });
}
