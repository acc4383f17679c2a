import { useUi } from "../context";

/**
 * What screen readers are told. Streamed text isn't: read token by token it can't be followed, so
 * an answer is said when it is complete.
 */
export function LiveRegion() {
  const ui = useUi();
  return (
    <div class="visually-hidden" role="status" aria-live="polite" aria-atomic="true">
      {ui.announcement.value}
    </div>
  );
}
