import type { ChatKitOptions, Entity } from "@openai/chatkit";
import { createResumableFetch } from "resumable-fetch";
import { sendAuthorizedJson } from "@/lib/authorizedHttp";
import { DOMAIN_KEY, usesOfficialScript } from "@/lib/chatKitScript";
import { type DateContext, formatDue, isOverdue } from "@/lib/due";
import { API_URL, sendJson } from "@/lib/http";
import { type Due, PRIORITIES } from "@/lib/tasks";

/** A client secret, which gives access to the chat only. */
export interface ClientSecret {
  client_secret: string;
  expires_at: string;
}

/** Creates a client secret for the signed-in user. */
export function postChatSession(): Promise<ClientSecret> {
  return sendAuthorizedJson<ClientSecret>("/api/chatkit/session", { method: "POST" });
}

/**
 * Returns the API options of a chat of `userId`.
 *
 * Our component requests secrets before they expire. The official one gets a `fetch` that does.
 */
export function chatApi(userId: string): ChatKitOptions["api"] {
  const url = `${API_URL}/api/${encodeURIComponent(userId)}/chat`;
  const getClientSecret = async () => (await postChatSession()).client_secret;
  if (usesOfficialScript) {
    // Its frame has another origin and needs absolute URLs.
    const absoluteUrl = new URL(url, window.location.href).href;
    return {
      url: absoluteUrl,
      domainKey: DOMAIN_KEY,
      fetch: createResumableFetch({ url: absoluteUrl, getClientSecret }),
      uploadStrategy: { type: "two_phase" },
    };
  }
  // The published types don't allow both; the component does, and OpenAI's own guide uses both.
  const options = { url, getClientSecret };
  return options;
}

/** The properties of the server's assistant. */
export interface Assistant {
  /** No model is configured; the built-in offline assistant replies. */
  offline: boolean;
  /** The server can transcribe speech. */
  dictation: boolean;
}

/** Returns the properties of the server's assistant. */
export async function getAssistant(userId: string): Promise<Assistant> {
  const { client_secret } = await postChatSession();
  const path = `/api/${encodeURIComponent(userId)}/chat/assistant`;
  return sendJson<Assistant>(path, { token: client_secret });
}

/** An entity with the line below its title in the menu, which our component shows. */
export type DescribedEntity = Entity & { description?: string };

/** Searches open tasks and lists that can be mentioned with `@`. */
export async function searchEntities(
  userId: string,
  query: string,
  dates: DateContext,
): Promise<DescribedEntity[]> {
  const params = new URLSearchParams({ q: query, limit: "8" });
  const response = await sendAuthorizedJson<{ items: Entity[] }>(
    `/api/${encodeURIComponent(userId)}/entities?${params}`,
  );
  return response.items.map((entity) => {
    const description = describeEntity(entity, dates);
    return description ? { ...entity, description } : entity;
  });
}

/** Returns what tells tasks of the same title apart: "#12 · Work · Overdue: yesterday · High". */
export function describeEntity({ data }: Entity, dates: DateContext): string {
  if (!data?.number) return "";
  const { timezone } = dates;
  const due: Due | null = data.due_at
    ? { at: data.due_at, timezone }
    : data.due
      ? { date: data.due, timezone }
      : null;
  const priority = PRIORITIES.find(({ value }) => value === data.priority && value !== "none");
  const when = due && formatDue(due, dates);
  const parts = [
    `#${data.number}`,
    data.list,
    due && isOverdue(due, dates.now) ? `Overdue: ${when}` : when,
    priority?.name,
  ];
  return parts.filter(Boolean).join(" · ");
}
