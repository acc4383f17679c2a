import { useEffect, useState } from "preact/hooks";

/** Something that is loaded once, when it is first shown. */
export type Loader<T> = { value: T | null; load: () => Promise<T> };

/** Remembers what an import gave; a failed one is tried anew the next time. */
export function loader<T>(importIt: () => Promise<T>): Loader<T> {
  let under: Promise<T> | null = null;
  const self: Loader<T> = {
    value: null,
    load: () => {
      under ??= importIt().then(
        (value) => {
          self.value = value;
          return value;
        },
        (error: unknown) => {
          under = null;
          throw error;
        },
      );
      return under;
    },
  };
  return self;
}

/** Gives what was loaded; null meanwhile and if it can't be. */
export function useLoaded<T>(from: Loader<T>, wanted = true): T | null {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!wanted || from.value !== null) return;
    let isGone = false;
    from.load().then(
      () => !isGone && redraw((count) => count + 1),
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [from, wanted]);
  return from.value;
}
