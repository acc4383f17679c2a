/**
 * Decides which images may be loaded: one rule for messages, widgets and files.
 *
 * Allowed are images of this origin, `data:` images, `blob:` images created by this page, and images
 * of the hosts that a thread allows. Others would reveal to the author who reads a message, and when.
 */

export type ImageSource =
  | { kind: "shown"; src: string }
  /** Not loaded, but may be opened as a link, which names the host. */
  | { kind: "linked"; href: string; host: string }
  /** Neither an image nor a page; `host` is a description of the address. */
  | { kind: "none"; host: string };

/**
 * Decides by the address alone; relative addresses belong to the page.
 *
 * @param allowedHosts `allowed_image_domains`: hosts, with the port unless it is the default;
 *   `*.example.com` allows all subdomains. Only https is allowed, except http on the user's own
 *   machine: a development server has no certificate, and its traffic doesn't leave the machine.
 */
export function imageSource(
  src: unknown,
  allowedHosts: readonly string[] | null | undefined,
): ImageSource {
  const url = typeof src === "string" && src !== "" ? parsed(src) : null;
  if (url === null) return { kind: "none", host: typeof src === "string" ? src : "" };
  if (isDataImage(url) || isOwn(url) || isAllowed(url, allowedHosts ?? [])) {
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

/** Returns whether an address belongs to this page; a `blob:` has the origin of its creator. */
function isOwn(url: URL): boolean {
  return (isWeb(url) || url.protocol === "blob:") && url.origin === location.origin;
}

function isDataImage(url: URL): boolean {
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
