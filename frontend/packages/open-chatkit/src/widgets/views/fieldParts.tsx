import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { useSettings } from "../context";
import { Icon } from "../Icon";

/** The loading indicator of a field. */
export function FieldSpinner() {
  const { strings } = useSettings();
  return <span class="w-spinner" role="status" aria-label={strings.loading} />;
}

/** The icon or spinner at the end of a closed select. */
export function SelectEnd({ isPending }: { isPending: boolean }) {
  return isPending ? <FieldSpinner /> : <Icon name="chevron-down" class="w-select-arrow" />;
}

/** Clears a field; the focus moves to the field, because the button disappears. */
export function ClearButton({
  control,
  onClear,
}: {
  control: RefObject<HTMLElement | null>;
  onClear: () => void;
}) {
  const { strings } = useSettings();
  return (
    <button
      type="button"
      class="w-clear"
      aria-label={strings.clear}
      onClick={() => {
        control.current?.focus({ preventScroll: true });
        onClear();
      }}
    >
      <Icon name="close" />
    </button>
  );
}

/** Holds the open state of a popover; the control gets the focus back when it closes. */
export function useOpen(control: RefObject<HTMLElement | null>) {
  const [isOpen, setOpen] = useState(false);
  return {
    isOpen,
    toggle: () => setOpen(!isOpen),
    close: () => {
      setOpen(false);
      control.current?.focus({ preventScroll: true });
    },
  };
}
