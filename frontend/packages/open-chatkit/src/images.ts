/**
 * Which pictures may be loaded: one rule for messages, widgets and files.
 *
 * Those of this origin, `data:` pictures, `blob:` ones that were made here, and those of the hosts
 * that a thread allows. For others, whoever wrote the message could learn who reads it, and when.
 */

export type ImageSource =
  | { kind: "shown"; src: string }
  /** May be opened, and says so by its host. */
  | { kind: "linked"; href: string; host: string }
  /** Neither a picture nor a page; `host` is what can be said of it. */
  | { kind: "none"; host: string };

/**
 * Decides by the address alone; relative ones are the page's own.
 *
 * @param allowedHosts `allowed_image_domains`: hosts with their port, if it isn't the usual one;
 *   `*.example.com` allows all below it. They are asked over https. Over http only the reader's own
 *   machine is: a server under development has no certificate, and nobody listens in between.
 */
export function imageSource(
  src: unknown,
  allowedHosts: readonly string[] | null | undefined,
): ImageSource {
  const url = typeof src === "string" && src !== "" ? parsed(src) : null;
  if (url === null) return { kind: "none", host: typeof src === "string" ? src : "" };
  if (isPicture(url) || isOwn(url) || isAllowed(url, allowedHosts ?? [])) {
    return { kind: "shown", src: url.href };
  }
  const host = url.host || url.protocol;
  return isWeb(url) ? { kind: "linked", href: url.href, host } : { kind: "none", host };
}

function parsed(src: string): URL | null {
  try {
    return new URL(src, document.baseURI);
  } catch {
    return null;
  }
}

const isWeb = (url: URL): boolean => url.protocol === "https:" || url.protocol === "http:";

/** A `blob:` has the origin of the page that made it. */
function isOwn(url: URL): boolean {
  return (isWeb(url) || url.protocol === "blob:") && url.origin === location.origin;
}

function isPicture(url: URL): boolean {
  return url.protocol === "data:" && /^data:image\//iu.test(url.href);
}

function isAllowed(url: URL, hosts: readonly string[]): boolean {
  const isPrivate = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
  return isPrivate && hosts.some((pattern) => matches(url.host.toLowerCase(), pattern));
}

function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/u.test(hostname);
}

function matches(host: string, pattern: string): boolean {
  const wanted = pattern
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//u, "")
    .split("/", 1)[0];
  if (!wanted) return false;
  if (wanted.startsWith("*.")) return host.endsWith(wanted.slice(1));
  return host === wanted;
}
