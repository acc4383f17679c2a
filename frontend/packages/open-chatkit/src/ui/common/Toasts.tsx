import { useUi } from "../context";

/** Short-lived messages above the composer. */
export function Toasts() {
  const { toasts } = useUi();
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((entry) => (
        <div key={entry.id} class={`toast ${entry.tone}`} dir="auto">
          {entry.text}
        </div>
      ))}
    </div>
  );
}
