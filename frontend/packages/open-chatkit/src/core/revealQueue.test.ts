import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RevealQueue } from "./revealQueue";
import type { ThreadStreamEvent } from "./types";

const FRAME_MS = 16;

/** The batches that were applied, one for each frame. */
let applied: ThreadStreamEvent[][];
let isGradual: boolean;
let queue: RevealQueue;

beforeEach(() => {
  vi.useFakeTimers();
  applied = [];
  isGradual = true;
  queue = new RevealQueue(
    (events) => applied.push(events),
    () => isGradual,
  );
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function delta(text: string, item_id = "a1", content_index = 0): ThreadStreamEvent {
  const type = "assistant_message.content_part.text_delta";
  return { type: "thread.item.updated", item_id, update: { type, content_index, delta: text } };
}

const progress = (text: string): ThreadStreamEvent => ({ type: "progress_update", text });

function textOf(event: ThreadStreamEvent): string {
  return "update" in event && "delta" in event.update ? event.update.delta : event.type;
}

/** Returns the texts of the events that were applied since the last call, by frame. */
function takeApplied(): string[][] {
  return applied.splice(0).map((events) => events.map(textOf));
}

/** Advances to the next frame and returns the text that it revealed. */
function nextFrame(): string {
  vi.advanceTimersToNextFrame();
  return takeApplied().flat().join("");
}

describe("events between two frames", () => {
  it("are applied once, together and in order", () => {
    queue.add([progress("1"), progress("2")]);
    queue.add([progress("3")]);
    expect(applied).toEqual([]);

    vi.advanceTimersByTime(1000);

    expect(applied).toEqual([[progress("1"), progress("2"), progress("3")]]);
    queue.add([progress("4")]);
    vi.advanceTimersByTime(1000);
    expect(applied.at(-1)).toEqual([progress("4")]);
  });

  it("are applied immediately on flush", () => {
    queue.add([progress("1"), delta("one two three four five")]);

    queue.flush();
    expect(takeApplied()).toEqual([["progress_update", "one two three four five"]]);

    vi.advanceTimersByTime(1000);
    expect(applied).toEqual([]);
  });

  it("are applied after a timeout if no frame comes", () => {
    vi.stubGlobal("requestAnimationFrame", () => 1);
    queue.add([delta("one two three four five")]);

    vi.advanceTimersByTime(100);

    expect(takeApplied()).toEqual([["one two three four five"]]);
  });
});

describe("merged text", () => {
  it("is revealed word by word, and complete after 1.5 arrivals", () => {
    queue.add([delta("one two three four five six seven")]);
    const frames = Array.from({ length: 3 }, nextFrame);

    expect(frames).toEqual(["one two three", " four five", " six seven"]);
  });

  it("grows evenly while it arrives every 40 ms", () => {
    const sizes: number[] = [];
    for (let arrival = 0; arrival < 10; arrival += 1) {
      queue.add([delta("ab cd ef gh ij kl mn op qr st ")]);
      // The frames aren't aligned with the arrivals.
      for (const end = (arrival + 1) * 40; (sizes.length + 1) * FRAME_MS <= end; ) {
        sizes.push(nextFrame().length);
      }
    }

    // After the first arrivals: 30 characters in 2.5 frames, and whole words of 3.
    for (const size of sizes.slice(5)) expect(Math.abs(size - 12)).toBeLessThanOrEqual(4);
  });

  it("shows the first word in the next frame", () => {
    queue.add([delta(" extraordinarily long words")]);

    expect(nextFrame()).toBe(" extraordinarily");
  });

  it("isn't delayed if it arrives unmerged", () => {
    for (const word of ["The", " quick", " brown", " fox"]) {
      queue.add([delta(word)]);
      expect(nextFrame()).toBe(word);
      vi.advanceTimersByTime(FRAME_MS);
    }
  });

  it("keeps markup with the word after it, and words of languages without spaces apart", () => {
    queue.add([delta("- **bold** and")]);
    expect(nextFrame()).toBe("- **bold");
    queue.flush();
    takeApplied();

    queue.add([delta("今日はとても良い天気ですね。散歩に行きましょう。")]);
    const first = nextFrame();
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(15);
  });

  it("is complete before any other event, and before text of another item or part", () => {
    const text = "one two three four five six seven";
    queue.add([delta(text), progress("1"), delta(text), delta(text, "a1", 1), delta(text, "a2")]);

    vi.advanceTimersToNextFrame();

    const [frame] = takeApplied();
    expect(frame?.slice(0, 4)).toEqual([text, "progress_update", text, text]);
    expect(frame?.[4]).toBe("one two three");
  });

  it("is revealed at once when the queue isn't gradual, or the text is a prepared answer", () => {
    isGradual = false;
    queue.add([delta("one two three four five")]);
    expect(nextFrame()).toBe("one two three four five");

    isGradual = true;
    queue.add([delta("word ".repeat(300))]);
    expect(nextFrame()).toBe("word ".repeat(300));
  });

  it("is revealed at once when the page is hidden", () => {
    queue.add([delta("one two three four five six")]);
    nextFrame();
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");

    queue.add([delta(" seven")]);

    const shown = takeApplied().flat().join("");
    expect(shown.endsWith("five six seven")).toBe(true);
  });

  it("isn't split in the last delta of a widget's text", () => {
    const type = "widget.streaming_text.value_delta";
    const update = {
      type,
      component_id: "t",
      delta: "one two three four five",
      done: true,
    } as const;
    const last: ThreadStreamEvent = { type: "thread.item.updated", item_id: "w1", update };
    queue.add([last]);

    vi.advanceTimersToNextFrame();

    expect(applied).toEqual([[last]]);
  });
});
