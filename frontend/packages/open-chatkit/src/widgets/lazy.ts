import { useEffect, useState } from "preact/hooks";
import { reportMissingChunk } from "../missingChunk";

/** Something that is loaded once, when it is first shown. */
export type Loader<T> = { value: T | null; load: () => Promise<T | null> };

/** Remembers what an import gave. A failed one is reported, gives null, and is tried again later. */
export function loader<T>(part: string, importIt: () => Promise<T>): Loader<T> {
  let under: Promise<T | null> | null = null;
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
          reportMissingChunk(part, error);
          return null;
        },
      );
      return under;
    },
  };
  return self;
}

/** What was loaded, null meanwhile; and whether it couldn't be. */
export function useLoaded<T>(from: Loader<T>, wanted = true): { value: T | null; failed: boolean } {
  const [failed, setFailed] = useState(false);
  const [, redraw] = useState(0);
  useEffect(() => {
    setFailed(false);
    if (!wanted || from.value !== null) return;
    let isGone = false;
    void from.load().then((value) => {
      if (isGone) return;
      if (value === null) setFailed(true);
      else redraw((count) => count + 1);
    });
    return () => {
      isGone = true;
    };
  }, [from, wanted]);
  return { value: from.value, failed };
}
