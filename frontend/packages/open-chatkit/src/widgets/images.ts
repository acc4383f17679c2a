/** Which pictures may be loaded. Others are shown as a link, so that no server learns who reads. */

import type { ImageRule } from "./types";

/** A picture that may be shown, one that may be linked to, or nothing. */
export type ImageSource =
  | { kind: "shown"; src: string }
  | { kind: "linked"; href: string; host: string }
  | { kind: "none" };

const OWN_SCHEMES = new Set(["blob:"]);

/** Decides by the address alone; relative ones are the page's own. */
export function imageSource(src: unknown, rule: ImageRule | undefined): ImageSource {
  if (typeof src !== "string" || src === "") return { kind: "none" };
  const base = globalThis.location?.href ?? "http://localhost/";
  if (!URL.canParse(src, base)) return { kind: "none" };
  const url = new URL(src, base);
  if (url.protocol === "data:") {
    return /^data:image\//i.test(src) ? { kind: "shown", src } : { kind: "none" };
  }
  if (OWN_SCHEMES.has(url.protocol)) return { kind: "shown", src: url.href };
  if (url.protocol !== "https:" && url.protocol !== "http:") return { kind: "none" };
  const own = new URL(base).origin;
  if (url.origin === own || isAllowed(url.hostname, rule?.allowedDomains ?? [])) {
    return { kind: "shown", src: url.href };
  }
  return { kind: "linked", href: url.href, host: url.host };
}

function isAllowed(host: string, domains: readonly string[]): boolean {
  return domains.some((domain) =>
    domain.startsWith("*.") ? host.endsWith(domain.slice(1)) : host === domain.toLowerCase(),
  );
}
