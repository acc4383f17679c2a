import { useUi } from "../context";

/**
 * Announcements for screen readers. Streamed text is unintelligible when it is read token by token,
 * so a response is announced when it is complete.
 */
export function LiveRegion() {
  const ui = useUi();
  return (
    <div class="visually-hidden" role="status" aria-live="polite" aria-atomic="true">
      {ui.announcement.value}
    </div>
  );
}
