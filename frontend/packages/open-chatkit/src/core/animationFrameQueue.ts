/** Gathers what comes between two frames, so that nothing is drawn more often than it is seen. */

/** In a page that isn't drawn there are no frames. */
const LONGEST_MS = 100;

export class AnimationFrameQueue<T> {
  private waiting: T[] = [];
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param apply gets everything that has come, in its order. */
  constructor(private readonly apply: (things: T[]) => void) {}

  add(things: readonly T[]): void {
    this.waiting.push(...things);
    if (globalThis.document?.visibilityState !== "visible") this.flush();
    else if (this.timer === undefined) {
      this.frame = requestAnimationFrame(() => this.flush());
      this.timer = setTimeout(() => this.flush(), LONGEST_MS);
    }
  }

  /** Applies what waits, now. */
  flush(): void {
    if (this.timer !== undefined) {
      cancelAnimationFrame(this.frame);
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    const things = this.waiting;
    this.waiting = [];
    if (things.length > 0) this.apply(things);
  }
}
