/** Validates and parses links in messages. */

const DEEPLINK = "chatkit-link:";

export type Deeplink = { name: string; data?: Record<string, unknown> };

/** Returns an absolute http, https or mailto URL; null for all others. */
export function safeHref(href: string): string | null {
  let url: URL;
  try {
    url = new URL(href, document.baseURI);
  } catch {
    return null;
  }
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
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
