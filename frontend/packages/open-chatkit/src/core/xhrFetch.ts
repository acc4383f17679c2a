/** A `fetch` for uploads that reports progress, which browsers support only for XMLHttpRequest. */

/** Returns whether XMLHttpRequest exists; it doesn't on servers and in tests. */
export const hasUploadProgress = (): boolean => typeof XMLHttpRequest !== "undefined";

/**
 * Creates a fetch that reports upload progress.
 *
 * @param onProgress receives the share sent so far, from 0 to 1.
 */
export function xhrFetch(onProgress: (share: number) => void): typeof fetch {
  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const { method = "GET", body, signal } = init;
      signal?.throwIfAborted();
      const request = new XMLHttpRequest();
      request.open(method, input instanceof Request ? input.url : String(input));
      new Headers(init.headers).forEach((value, name) => {
        request.setRequestHeader(name, value);
      });
      request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
        if (lengthComputable && total > 0) onProgress(loaded / total);
      };
      request.onload = () => resolve(responseOf(request));
      // The same error as `fetch` without a response.
      request.onerror = () => reject(new TypeError("Failed to fetch"));
      request.onabort = () => reject(signal?.reason);
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      request.send((body ?? null) as XMLHttpRequestBodyInit | null);
    });
}

function responseOf(request: XMLHttpRequest): Response {
  const { status, statusText } = request;
  const type = request.getResponseHeader("Content-Type");
  const isBodiless = [204, 205, 304].includes(status);
  return new Response(isBodiless ? null : request.responseText, {
    status,
    statusText,
    headers: type === null ? {} : { "Content-Type": type },
  });
}
