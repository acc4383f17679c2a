/** What a link or an image in a message may point to. */

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
  const name = safeDecode(path.replace(/\/+$/u, ""));
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

function matchesHost(host: string, pattern: string): boolean {
  const wanted = pattern
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//u, "")
    .replace(/\/.*$/u, "");
  if (wanted === "") return false;
  if (wanted.startsWith("*.")) return host.endsWith(wanted.slice(1));
  return host === wanted;
}

/**
 * Where an image may be loaded from: this origin, `data:` and `blob:` pictures, and the hosts the
 * thread allows. For others, whoever wrote the message could learn who reads it, and when.
 */
export function imageSource(
  src: string,
  allowedHosts: readonly string[],
): { allowed: true; src: string } | { allowed: false; href: string | null; host: string } {
  let url: URL;
  try {
    url = new URL(src, document.baseURI);
  } catch {
    return { allowed: false, href: null, host: src };
  }
  const isPicture =
    url.protocol === "blob:" || (url.protocol === "data:" && /^data:image\//iu.test(url.href));
  const isOwn = url.origin === location.origin && url.protocol !== "data:";
  const isAllowed =
    url.protocol === "https:" &&
    allowedHosts.some((host) => matchesHost(url.host.toLowerCase(), host));
  if (isPicture || isOwn || isAllowed) return { allowed: true, src: url.href };
  return { allowed: false, href: safeHref(url.href), host: url.host || url.protocol };
}
