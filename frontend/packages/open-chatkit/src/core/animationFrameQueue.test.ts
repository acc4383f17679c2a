import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AnimationFrameQueue } from "./animationFrameQueue";

let applied: number[][];
let queue: AnimationFrameQueue<number>;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "requestAnimationFrame", "cancelAnimationFrame"],
  });
  applied = [];
  queue = new AnimationFrameQueue<number>((values) => applied.push(values));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("what comes between two frames", () => {
  it("is applied together and in its order, once", () => {
    queue.add([1, 2]);
    queue.add([3]);
    expect(applied).toEqual([]);

    vi.advanceTimersToNextFrame();
    vi.advanceTimersByTime(1000);

    expect(applied).toEqual([[1, 2, 3]]);
    queue.add([4]);
    vi.advanceTimersToNextFrame();
    expect(applied).toEqual([[1, 2, 3], [4]]);
  });

  it("is applied at once when there is no time left", () => {
    queue.add([1]);

    queue.flush();
    vi.advanceTimersByTime(1000);

    expect(applied).toEqual([[1]]);
  });

  it("is applied without a frame in a page that nobody sees", () => {
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");

    queue.add([1]);

    expect(applied).toEqual([[1]]);
  });

  it("doesn't wait for a frame that never comes", () => {
    vi.stubGlobal("requestAnimationFrame", () => 1);
    queue.add([1]);

    vi.advanceTimersByTime(100);

    expect(applied).toEqual([[1]]);
    vi.unstubAllGlobals();
  });
});
