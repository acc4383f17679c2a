/** Sends files to the server, in whichever of the two ways it is set up for. */

import type { Transport } from "./transport";
import type { Attachment, JsonObject } from "./types";

/**
 * Uploads a file and returns what messages refer to it by.
 *
 * @param onProgress is given the share sent so far, from 0 to 1.
 */
export async function uploadFile(
  transport: Transport,
  file: File,
  onProgress: (share: number) => void,
): Promise<Attachment> {
  const strategy = transport.uploadStrategy;
  if (strategy.type === "direct") {
    const answer = await transport.upload(strategy.uploadUrl, asForm("POST", file), onProgress);
    if (answer === null || !isAttachment(answer)) throw new Error("The answer is no attachment.");
    return answer;
  }
  const announced = await transport.askFor("attachments.create", {
    name: file.name,
    size: file.size,
    mime_type: file.type || "application/octet-stream",
  });
  const descriptor = announced.upload_descriptor;
  if (!descriptor) return announced;
  const init = descriptor.method === "PUT" ? asBytes(file) : asForm("POST", file);
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(descriptor.headers ?? {})) headers.set(name, value);
  const answer = await transport.upload(descriptor.url, { ...init, headers }, onProgress);
  return answer !== null && isAttachment(answer)
    ? answer
    : { ...announced, upload_descriptor: null };
}

function asForm(method: string, file: File): RequestInit {
  const body = new FormData();
  body.append("file", file, file.name);
  return { method, body };
}

/** A PUT is what storage hosts take: the bare bytes. */
function asBytes(file: File): RequestInit {
  return { method: "PUT", body: file, headers: file.type ? { "Content-Type": file.type } : {} };
}

function isAttachment(answer: JsonObject): answer is JsonObject & Attachment {
  return typeof answer.id === "string" && typeof answer.name === "string";
}
