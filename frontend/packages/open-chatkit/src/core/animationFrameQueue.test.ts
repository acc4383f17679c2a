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

describe("values between two frames", () => {
  it("are applied once, together and in order", () => {
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

  it("are applied immediately on flush", () => {
    queue.add([1]);

    queue.flush();
    vi.advanceTimersByTime(1000);

    expect(applied).toEqual([[1]]);
  });

  it("are applied without a frame in a hidden page", () => {
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");

    queue.add([1]);

    expect(applied).toEqual([[1]]);
  });

  it("are applied after a timeout if no frame comes", () => {
    vi.stubGlobal("requestAnimationFrame", () => 1);
    queue.add([1]);

    vi.advanceTimersByTime(100);

    expect(applied).toEqual([[1]]);
    vi.unstubAllGlobals();
  });
});
