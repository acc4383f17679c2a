/** Batches values per animation frame, so that views don't render more often than the screen. */

/** Fallback for pages that get no animation frames. */
const MAX_WAIT_MS = 100;

export class AnimationFrameQueue<T> {
  private pending: T[] = [];
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param apply receives each batch, in the order of arrival. */
  constructor(private readonly apply: (values: T[]) => void) {}

  add(values: readonly T[]): void {
    this.pending.push(...values);
    if (globalThis.document?.visibilityState !== "visible") this.flush();
    else if (this.timer === undefined) {
      this.frame = requestAnimationFrame(() => this.flush());
      this.timer = setTimeout(() => this.flush(), MAX_WAIT_MS);
    }
  }

  /** Applies pending values immediately. */
  flush(): void {
    if (this.timer !== undefined) {
      cancelAnimationFrame(this.frame);
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    const values = this.pending;
    this.pending = [];
    if (values.length > 0) this.apply(values);
  }
}
