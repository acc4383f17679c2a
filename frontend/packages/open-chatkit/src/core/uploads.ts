/** Uploads files with the configured strategy, direct or two-phase. */

import type { Transport } from "./transport";
import type { Attachment, JsonObject } from "./types";

/**
 * Uploads a file and returns the attachment that messages refer to.
 *
 * @param onProgress receives the share sent so far, from 0 to 1.
 */
export async function uploadFile(
  transport: Transport,
  file: File,
  onProgress: (share: number) => void,
): Promise<Attachment> {
  const strategy = transport.uploadStrategy;
  if (strategy.type === "direct") {
    const uploaded = await transport.upload(strategy.uploadUrl, asForm("POST", file), onProgress);
    if (uploaded === null || !isAttachment(uploaded))
      throw new Error("The response is not an attachment.");
    return uploaded;
  }
  const created = await transport.requestAs("attachments.create", {
    name: file.name,
    size: file.size,
    mime_type: file.type || "application/octet-stream",
  });
  const descriptor = created.upload_descriptor;
  if (!descriptor) return created;
  const init = descriptor.method === "PUT" ? asBytes(file) : asForm("POST", file);
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(descriptor.headers ?? {})) headers.set(name, value);
  const plain = { ...init, headers: Object.fromEntries(headers) };
  const uploaded = await transport.upload(descriptor.url, plain, onProgress);
  return uploaded !== null && isAttachment(uploaded)
    ? uploaded
    : { ...created, upload_descriptor: null };
}

function asForm(method: string, file: File): RequestInit {
  const body = new FormData();
  body.append("file", file, file.name);
  return { method, body };
}

/** Returns a PUT of the raw bytes, as storage hosts expect. */
function asBytes(file: File): RequestInit {
  return { method: "PUT", body: file, headers: file.type ? { "Content-Type": file.type } : {} };
}

function isAttachment(value: JsonObject): value is JsonObject & Attachment {
  return typeof value.id === "string" && typeof value.name === "string";
}
