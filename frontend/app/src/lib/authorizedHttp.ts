import { type RequestOptions, send } from "@/lib/http";
import { ApiError } from "@/lib/problem";

/** The source of credentials for authorized requests; `stores/authStore` is the one in use. */
export interface CredentialSource {
  current: () => { userId: string | null; token: string | null };
  /**
   * Replaces a token that the server refused.
   *
   * @returns the new token; null if the session has ended.
   */
  renewToken: (refused: string | null) => Promise<string | null>;
}

let credentials: CredentialSource = {
  current: () => ({ userId: null, token: null }),
  renewToken: async () => null,
};

/** Sets the source of credentials, once per page. */
export function setCredentialSource(source: CredentialSource): void {
  credentials = source;
}

/** Returns the API path of the signed-in user's resource. */
export function userPath(resource: string): string {
  return `/api/${encodeURIComponent(credentials.current().userId ?? "")}/${resource}`;
}

/**
 * Sends a request as the signed-in user; renews a refused token once and sends it again.
 *
 * @throws ApiError
 */
export async function sendAuthorized(
  path: string,
  options: RequestOptions = {},
): Promise<Response> {
  const { token } = credentials.current();
  try {
    return await send(path, { ...options, token });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    const renewed = await credentials.renewToken(token);
    if (renewed === null) throw error;
    return send(path, { ...options, token: renewed });
  }
}

/** Sends a request as the signed-in user and returns the response's JSON. */
export async function sendAuthorizedJson<T>(
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  const response = await sendAuthorized(path, options);
  return (await response.json()) as T;
}
