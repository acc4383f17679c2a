import type { ChatKitOptions, Entity, SupportedLocale } from "@openai/chatkit";
import { createResumableFetch } from "resumable-fetch";
import { sendAuthorizedJson } from "@/lib/authorizedHttp";
import { DOMAIN_KEY, usesOfficialScript } from "@/lib/chatKitScript";
import { API_URL, sendJson } from "@/lib/http";

/** A client secret: it opens chat and nothing else. */
export interface ClientSecret {
  client_secret: string;
  expires_at: string;
}

/** Gets a client secret for whoever is signed in. */
export function postChatSession(): Promise<ClientSecret> {
  return sendAuthorizedJson<ClientSecret>("/api/chatkit/session", { method: "POST" });
}

/**
 * How a chat of `userId` reaches this server.
 *
 * Our component asks for secrets itself, before they expire. The official one takes a `fetch`.
 */
export function chatApi(userId: string): ChatKitOptions["api"] {
  const url = `${API_URL}/api/${encodeURIComponent(userId)}/chat`;
  const getClientSecret = async () => (await postChatSession()).client_secret;
  if (usesOfficialScript) {
    // Their frame is of another origin and wants whole addresses.
    const whole = new URL(url, window.location.href).href;
    return {
      url: whole,
      domainKey: DOMAIN_KEY,
      fetch: createResumableFetch({ url: whole, getClientSecret }),
      uploadStrategy: { type: "two_phase" },
    };
  }
  // The published types have no member with both; the component takes it, as their own guide does.
  const own = { url, getClientSecret };
  return own;
}

/** Who answers in the chat. */
export interface Assistant {
  /** No model is set: the small program that comes with the server answers. */
  offline: boolean;
  /** Whether speech can be turned into text. */
  dictation: boolean;
}

/** Asks who answers. */
export async function getAssistant(userId: string): Promise<Assistant> {
  const { client_secret } = await postChatSession();
  const path = `/api/${encodeURIComponent(userId)}/chat/assistant`;
  return sendJson<Assistant>(path, { token: client_secret });
}

/** What can be mentioned with `@`: open tasks and lists. */
export async function searchEntities(userId: string, query: string): Promise<Entity[]> {
  const params = new URLSearchParams({ q: query, limit: "8" });
  const answer = await sendAuthorizedJson<{ items: Entity[] }>(
    `/api/${encodeURIComponent(userId)}/entities?${params}`,
  );
  return answer.items;
}

/** The chat component's name for a locale. */
export function chatLocale(tag: string): SupportedLocale {
  const [language = "en"] = tag.split("-");
  const regional = REGIONAL[language];
  return regional ?? (language as SupportedLocale);
}

const REGIONAL: Record<string, SupportedLocale> = {
  de: "de-DE",
  es: "es-ES",
  fr: "fr-FR",
  pt: "pt-BR",
  zh: "zh-CN",
  ja: "ja-JP",
};
