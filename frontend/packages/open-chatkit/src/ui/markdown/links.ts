/** What a link in a message may point to. */

const DEEPLINK = "chatkit-link:";

export type Deeplink = { name: string; data?: Record<string, unknown> };

/** The address if it may be opened: http, https and mailto only. */
export function safeHref(href: string): string | null {
  let url: URL;
  try {
    url = new URL(href, document.baseURI);
  } catch {
    return null;
  }
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
}

/** `chatkit-link://open-task?id=3` to `{ name: "open-task", data: { id: "3" } }`. */
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
