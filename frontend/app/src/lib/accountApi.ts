import { sendAuthorized, sendAuthorizedJson } from "@/lib/authorizedHttp";
import { postChatSession } from "@/lib/chatApi";
import { send } from "@/lib/http";
import type { User } from "@/lib/session";

/** A session on one device. */
export interface DeviceSession {
  id: string;
  created_at: string;
  last_used_at: string;
  user_agent: string | null;
  current: boolean;
}

/** A part of the API that an access token gives access to. */
export type Scope = "tasks" | "chat";

/** An access token for the user's own programs. */
export interface AccessToken {
  id: string;
  name: string;
  scopes: Scope[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  /** The token itself; only in the response that creates it. */
  token?: string;
}

/** Changes name, time zone or locale; null removes a value. */
export function patchMe(changes: Partial<Pick<User, "name" | "timezone" | "locale">>) {
  return sendAuthorizedJson<User>("/api/auth/me", { method: "PATCH", body: changes });
}

/** Changes the password and ends every other session; optionally revokes the access tokens. */
export async function postPassword(
  current: string,
  replacement: string,
  revokeTokens: boolean,
): Promise<void> {
  const body = {
    current_password: current,
    new_password: replacement,
    revoke_access_tokens: revokeTokens,
  };
  await sendAuthorized("/api/auth/password", { method: "POST", body });
}

/** Returns the user's sessions, most recently used first. */
export async function getSessions(): Promise<DeviceSession[]> {
  return (await sendAuthorizedJson<{ items: DeviceSession[] }>("/api/auth/sessions")).items;
}

/** Ends a session on another device. */
export async function deleteSession(id: string): Promise<void> {
  await sendAuthorized(`/api/auth/sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** Ends all sessions, including this one; optionally revokes the access tokens. */
export async function postSignOutEverywhere(revokeTokens: boolean): Promise<void> {
  await sendAuthorized("/api/auth/sign-out-everywhere", {
    method: "POST",
    credentials: true,
    body: { revoke_access_tokens: revokeTokens },
  });
}

/** Returns the user's access tokens, newest first. */
export async function getAccessTokens(): Promise<AccessToken[]> {
  return (await sendAuthorizedJson<{ items: AccessToken[] }>("/api/auth/tokens")).items;
}

/** A request for an access token. */
export interface NewAccessToken {
  name: string;
  scopes: Scope[];
  expires_at: string;
  /** The account's password; null if the account has none. */
  password: string | null;
}

/** Creates an access token; only this response contains it. */
export function postAccessToken(body: NewAccessToken) {
  return sendAuthorizedJson<AccessToken>("/api/auth/tokens", { method: "POST", body });
}

/** Revokes an access token. */
export async function deleteAccessToken(id: string): Promise<void> {
  await sendAuthorized(`/api/auth/tokens/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** Deletes the account and all its data permanently. */
export async function deleteMe(password: string): Promise<void> {
  await sendAuthorized("/api/auth/me", {
    method: "DELETE",
    credentials: true,
    body: password ? { password } : {},
  });
}

/** Returns all the user's data in all services as one JSON document. */
export async function getExport(userId: string): Promise<Blob> {
  const own = `/api/${encodeURIComponent(userId)}`;
  const { client_secret } = await postChatSession();
  const [account, tasks, chat] = await Promise.all([
    sendAuthorized("/api/auth/me/export").then((response) => response.text()),
    sendAuthorized(`${own}/export`).then((response) => response.text()),
    send(`${own}/chat/export`, { token: client_secret }).then((response) => response.text()),
  ]);
  // The texts are joined without parsing, so that no value changes.
  const text = `{"account":${account},\n"tasks":${tasks},\n"chat":${chat}}\n`;
  return new Blob([text], { type: "application/json" });
}
