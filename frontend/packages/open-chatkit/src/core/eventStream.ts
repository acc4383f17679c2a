import { createParser } from "eventsource-parser";

/**
 * Yields the JSON events of a stream, in batches that arrived together.
 *
 * @param signal ends the stream, even if the fetch that it comes from ignores it.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<unknown[]> {
  let batch: unknown[] = [];
  const parser = createParser({
    onEvent: ({ data }) => batch.push(parseJson(data)),
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const abort = () => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener("abort", abort, { once: true });
  for (;;) {
    const { done, value } = await reader.read();
    signal.throwIfAborted();
    // Some servers leave out the blank line after the last event.
    parser.feed(done ? "\n\n" : decoder.decode(value, { stream: true }));
    // What is left of an event that was cut off is dropped.
    if (done) batch = batch.filter((event) => typeof event !== "string");
    if (batch.length > 0) {
      const arrived = batch;
      batch = [];
      yield arrived;
    }
    if (done) return;
  }
}

/** Parses an event; invalid JSON is returned as text and reported as an unknown event. */
function parseJson(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
