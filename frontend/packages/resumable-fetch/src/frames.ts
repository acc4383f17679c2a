/** Reads an event stream's body piece by piece. */

import { createParser } from "eventsource-parser";

export type Frame =
  | { kind: "event"; id: string | null; data: string }
  | { kind: "comment"; text: string };

/** No byte came for too long: the connection is dead even if nobody has said so. */
export class SilenceError extends Error {
  override name = "SilenceError";
}

/**
 * Yields what a body says, in batches of what arrived together. A frame that the connection's end
 * cut short is dropped; whoever reattaches gets it again.
 *
 * @throws SilenceError after `silenceMs` without a byte, and whatever reading throws.
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
    // Ends the connection unless the server already has; a broken one refuses, which is as good.
    void reader.cancel().catch(() => undefined);
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SilenceError(`nothing came for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

const encoder = new TextEncoder();

/** Makes a plain `data:` frame again; ids and markers stay inside. */
export function encodeEvent(data: string): Uint8Array {
  const lines = data.split("\n").map((line) => `data: ${line}\n`);
  return encoder.encode(`${lines.join("")}\n`);
}

/** What keeps a quiet stream from looking dead to whoever reads the response. */
export const PING: Uint8Array = encoder.encode(": ping\n\n");
