/** Parses event streams into frames, and encodes frames. */

import { createParser } from "eventsource-parser";

export type Frame =
  | { kind: "event"; id: string | null; data: string }
  | { kind: "comment"; text: string };

/** No byte arrived within the timeout: the connection is dead, although it was not closed. */
export class SilenceError extends Error {
  override name = "SilenceError";
}

/**
 * Yields a body's frames in batches that arrived together. A frame that was cut off by the end of
 * the connection is dropped; the server sends it again after a reattach.
 *
 * @throws SilenceError after `silenceMs` without a byte. Errors from reading are passed on.
 */
export async function* readFrames(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<Frame[]> {
  let batch: Frame[] = [];
  const parser = createParser({
    onEvent: (event) => batch.push({ kind: "event", id: event.id ?? null, data: event.data }),
    onComment: (text) => batch.push({ kind: "comment", text }),
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read());
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      if (batch.length > 0) {
        const arrived = batch;
        batch = [];
        yield arrived;
      }
    }
  } finally {
    // Closes the connection unless the server already has. Fails if it is broken, which is fine.
    void reader.cancel().catch(() => undefined);
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SilenceError(`no data received for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

const encoder = new TextEncoder();

/** Encodes a plain `data:` frame, without the ID and markers. */
export function encodeEvent(data: string): Uint8Array {
  const lines = data.split("\n").map((line) => `data: ${line}\n`);
  return encoder.encode(`${lines.join("")}\n`);
}

/** Keeps an idle stream from looking dead to the reader of the response. */
export const PING: Uint8Array = encoder.encode(": ping\n\n");
