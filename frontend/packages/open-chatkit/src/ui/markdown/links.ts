/** Validates and parses links in messages. */

const DEEPLINK = "chatkit-link:";

export type Deeplink = { name: string; data?: Record<string, unknown> };

const PROTOCOLS = ["http:", "https:", "mailto:", "tel:", "sms:"];

/** Returns an absolute URL for the web, e-mail or a telephone; null for all others. */
export function safeHref(href: string): string | null {
  let url: URL;
  try {
    url = new URL(href, document.baseURI);
  } catch {
    return null;
  }
  return PROTOCOLS.includes(url.protocol) ? url.href : null;
}

/** Parses `chatkit-link://open-task?id=3` into `{ name: "open-task", data: { id: "3" } }`. */
export function parseDeeplink(href: string): Deeplink | null {
  if (!href.toLowerCase().startsWith(DEEPLINK)) return null;
  const [path = "", query] = href.slice(DEEPLINK.length).replace(/^\/+/u, "").split("?", 2);
  const name = safeDecode(path.replace(/(?<!\/)\/+$/u, ""));
  if (name === "") return null;
  if (!query) return { name };
  return { name, data: Object.fromEntries(new URLSearchParams(query)) };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
