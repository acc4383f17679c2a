import { useCallback, useEffect, useState } from "react";
import { messageOf } from "@/lib/problem";

/** Something that comes from the server when its place is opened. */
export type Loaded<T> =
  | { status: "loading" }
  | { status: "ready"; value: T }
  | { status: "error"; problem: string };

/**
 * Loads once, and again when told to.
 *
 * @param load has to be the same function each time.
 */
export function useLoaded<T>(load: () => Promise<T>): [Loaded<T>, () => Promise<void>] {
  const [state, setState] = useState<Loaded<T>>({ status: "loading" });
  const reload = useCallback(async () => {
    try {
      setState({ status: "ready", value: await load() });
    } catch (error) {
      setState({ status: "error", problem: messageOf(error) });
    }
  }, [load]);
  useEffect(() => void reload(), [reload]);
  return [state, reload];
}
