import { useEffect, useRef, useState } from "preact/hooks";

/** Accepts files dropped anywhere on the element; returns true while files are dragged over it. */
export function useDrop(
  target: HTMLElement,
  enabled: boolean,
  onFiles: (files: readonly File[]) => void,
): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    if (!enabled) return;
    const controller = new AbortController();
    const { signal } = controller;
    const hasFiles = (event: DragEvent): boolean =>
      event.dataTransfer?.types.includes("Files") ?? false;
    // Entering a child leaves its parent, so the events are counted.
    let depth = 0;
    const move = (event: DragEvent, by: number): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth += by;
      setOver(depth > 0);
    };
    target.addEventListener("dragenter", (event) => move(event, 1), { signal });
    target.addEventListener("dragleave", (event) => move(event, -1), { signal });
    target.addEventListener("dragover", (event) => move(event, 0), { signal });
    target.addEventListener(
      "drop",
      (event) => {
        move(event, -depth);
        latest.current([...(event.dataTransfer?.files ?? [])]);
      },
      { signal },
    );
    return () => controller.abort();
  }, [target, enabled]);
  return over;
}
