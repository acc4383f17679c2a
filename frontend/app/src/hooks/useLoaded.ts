import { useCallback, useEffect, useState } from "react";
import { messageOf } from "@/lib/problem";

/** The state of data that is loaded from the server. */
export type Loaded<T> =
  | { status: "loading" }
  | { status: "ready"; value: T }
  | { status: "error"; problem: string };

/**
 * Loads data once, and again when the returned function is called.
 *
 * @param load must be the same function on each render.
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
