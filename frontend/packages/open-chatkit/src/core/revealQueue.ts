/**
 * Applies a stream's events once per animation frame, and reveals streamed text word by word.
 *
 * Servers merge the tokens of several frames into one event. Shown at once, the text would grow in
 * jumps; here it grows at the rate at which it arrives, up to 1.5 arrivals behind, which also evens
 * out early and late arrivals. An event that doesn't continue the text completes it.
 */

import type { ThreadItemUpdate, ThreadStreamEvent } from "./types";

/** Fallback for pages that get no animation frames. */
const MAX_WAIT_MS = 100;

const LAG_IN_ARRIVALS = 1.5;
const MAX_LAG_MS = 100;

/** Assumed until arrivals and frames were measured. */
const USUAL_ARRIVAL_MS = 40;
const USUAL_FRAME_MS = 1000 / 60;

/** The newest measurement's share in the average time between arrivals. */
const NEWEST_SHARE = 0.3;

/** Longer text isn't a stream of tokens, but a replayed log or a prepared answer. */
const MAX_GRADUAL_CHARS = 1000;

type TextEvent = {
  type: "thread.item.updated";
  item_id: string;
  update: Extract<ThreadItemUpdate, { delta: string }>;
};

const segmenter =
  "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "word" }) : null;

export class RevealQueue {
  /** Events for the next frame. */
  private ready: ThreadStreamEvent[] = [];
  /** The text after them, which is revealed over several frames. */
  private held: TextEvent | null = null;
  /** True until the first word of `held` is revealed, which needn't wait. */
  private isFresh = true;
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastArrival: number | null = null;
  private arrivalMs = USUAL_ARRIVAL_MS;
  /** When `held` should be revealed. */
  private deadline = 0;
  /** The time of the last frame if the next one directly follows it. */
  private lastFrame: number | null = null;

  /**
   * @param apply receives each batch, in the order of arrival, with deltas merged or split.
   * @param isGradual returns false to reveal text at once.
   */
  constructor(
    private readonly apply: (events: ThreadStreamEvent[]) => void,
    private readonly isGradual: () => boolean,
  ) {}

  add(events: readonly ThreadStreamEvent[]): void {
    for (const event of events) this.append(event);
    if (this.held !== null) this.measureArrival(performance.now());
    if (globalThis.document?.visibilityState !== "visible") this.flush();
    else this.requestFrame();
  }

  /** Applies all events immediately. */
  flush(): void {
    if (this.held !== null) this.ready.push(this.held);
    this.held = null;
    this.lastFrame = null;
    this.applyReady();
  }

  private append(event: ThreadStreamEvent): void {
    const text = asText(event);
    if (this.held !== null && text !== null && isSameText(this.held, text)) {
      this.held = withDelta(this.held, this.held.update.delta + text.update.delta);
      return;
    }
    if (this.held !== null) this.ready.push(this.held);
    if (text === null) this.ready.push(event);
    this.held = text;
    this.isFresh = true;
  }

  private measureArrival(now: number): void {
    if (this.lastArrival !== null) {
      const sinceLast = Math.min(now - this.lastArrival, MAX_LAG_MS);
      this.arrivalMs += NEWEST_SHARE * (sinceLast - this.arrivalMs);
    }
    this.lastArrival = now;
    this.deadline = now + Math.min(LAG_IN_ARRIVALS * this.arrivalMs, MAX_LAG_MS);
  }

  private requestFrame(): void {
    if (this.timer !== undefined) return;
    this.frame = requestAnimationFrame(() => this.revealFrame(performance.now()));
    this.timer = setTimeout(() => this.flush(), MAX_WAIT_MS);
  }

  private revealFrame(now: number): void {
    const { held } = this;
    const text = held?.update.delta ?? "";
    if (held === null || text.length > MAX_GRADUAL_CHARS || !this.isGradual()) {
      this.flush();
      return;
    }
    const frameMs = this.lastFrame === null ? USUAL_FRAME_MS : now - this.lastFrame;
    const due = (text.length * frameMs) / Math.max(this.deadline - now, frameMs);
    const end = nearestWordEnd(text, due, this.isFresh);
    if (end > 0) this.ready.push(withDelta(held, text.slice(0, end)));
    this.isFresh = false;
    this.held = end < text.length ? withDelta(held, text.slice(end)) : null;
    this.lastFrame = this.held === null ? null : now;
    this.applyReady();
    if (this.held !== null) this.requestFrame();
  }

  private applyReady(): void {
    if (this.timer !== undefined) {
      cancelAnimationFrame(this.frame);
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    const events = this.ready;
    this.ready = [];
    if (events.length > 0) this.apply(events);
  }
}

/**
 * Returns the end of the word nearest to `due` characters; 0 before all words.
 *
 * Whole words don't jump to the next line while they grow. Spaces and markup belong to the word
 * after them.
 *
 * @param isForced returns at least the end of the first word.
 */
function nearestWordEnd(text: string, due: number, isForced: boolean): number {
  if (segmenter === null) return text.length;
  const ends = [...segmenter.segment(text)]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ index, segment }) => index + segment.length);
  const after = ends.find((end) => end >= due) ?? text.length;
  const before = ends.findLast((end) => end < due) ?? (isForced ? after : 0);
  return after - due <= due - before ? after : before;
}

/** Returns the event if it is text that may be revealed gradually. */
function asText(event: ThreadStreamEvent): TextEvent | null {
  if (event.type !== "thread.item.updated" || !("delta" in event.update)) return null;
  const { type, item_id, update } = event;
  return "done" in update && update.done ? null : { type, item_id, update };
}

function isSameText({ item_id, update }: TextEvent, next: TextEvent): boolean {
  const place = (of: TextEvent["update"]) =>
    "component_id" in of ? of.component_id : of.content_index;
  return item_id === next.item_id && place(update) === place(next.update);
}

function withDelta(event: TextEvent, delta: string): TextEvent {
  return { ...event, update: { ...event.update, delta } };
}
