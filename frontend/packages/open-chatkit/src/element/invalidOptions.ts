/** Says what is wrong with options in one sentence; null if a chat can start with them. */
export function invalidOptions(options: unknown): string | null {
  if (typeof options !== "object" || options === null) {
    return "setOptions() takes an object with at least `api`.";
  }
  const { api } = options as { api?: unknown };
  if (typeof api !== "object" || api === null) {
    return "`api` is missing: { url, getClientSecret }, { url, domainKey, fetch } or { getClientSecret }.";
  }
  const { url, getClientSecret } = api as { url?: unknown; getClientSecret?: unknown };
  if (url === undefined && typeof getClientSecret !== "function") {
    return "`api` needs a `url`, or `getClientSecret` for the hosted API.";
  }
  if (url !== undefined && typeof url !== "string") return "`api.url` is not a string.";
  return null;
}
