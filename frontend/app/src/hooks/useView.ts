import { useSyncExternalStore } from "react";

/** A view of the task page; the fragment of its address names it. */
export type View = "tasks" | "calendar" | "trash";

const subscribe = (onChange: () => void) => {
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
};

/** Returns the view that the address names; a reload and the browser's Back button keep it. */
export function useView(): View {
  const fragment = useSyncExternalStore(
    subscribe,
    () => window.location.hash,
    () => "",
  );
  return fragment === "#calendar" ? "calendar" : fragment === "#trash" ? "trash" : "tasks";
}

/** Opens a view. */
export function openView(view: View): void {
  const fragment = view === "tasks" ? "" : `#${view}`;
  if (window.location.hash !== fragment) window.location.hash = fragment;
}
