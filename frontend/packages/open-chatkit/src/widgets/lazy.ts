import { useEffect, useState } from "preact/hooks";
import { reportMissingChunk } from "../missingChunk";

/** A module that is loaded once, on first use. */
export type Loader<T> = { value: T | null; load: () => Promise<T | null> };

/** Creates a loader that caches an import. A failure is reported, returns null, and can be retried. */
export function loader<T>(part: string, importIt: () => Promise<T>): Loader<T> {
  let pending: Promise<T | null> | null = null;
  const self: Loader<T> = {
    value: null,
    load: () => {
      pending ??= importIt().then(
        (value) => {
          self.value = value;
          return value;
        },
        (error: unknown) => {
          pending = null;
          reportMissingChunk(part, error);
          return null;
        },
      );
      return pending;
    },
  };
  return self;
}

/** Returns a loader's value, null until it is loaded, and whether loading failed. */
export function useLoaded<T>(from: Loader<T>, wanted = true): { value: T | null; failed: boolean } {
  const [failed, setFailed] = useState(false);
  const [, redraw] = useState(0);
  useEffect(() => {
    setFailed(false);
    if (!wanted || from.value !== null) return;
    let isUnmounted = false;
    void from.load().then((value) => {
      if (isUnmounted) return;
      if (value === null) setFailed(true);
      else redraw((count) => count + 1);
    });
    return () => {
      isUnmounted = true;
    };
  }, [from, wanted]);
  return { value: from.value, failed };
}
