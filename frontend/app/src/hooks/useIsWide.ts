import { useSyncExternalStore } from "react";

const QUERY = "(min-width: 48rem)";

const subscribe = (onChange: () => void) => {
  const media = window.matchMedia(QUERY);
  media.addEventListener("change", onChange);
  return () => media.removeEventListener("change", onChange);
};

/** Tells whether the window is wider than a phone's now. */
export const isWide = () => window.matchMedia(QUERY).matches;

/** Tells whether the window is wider than a phone's. */
export function useIsWide(): boolean {
  return useSyncExternalStore(subscribe, isWide, () => true);
}
