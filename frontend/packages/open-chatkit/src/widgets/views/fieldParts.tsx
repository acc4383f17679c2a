import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { useSettings } from "../context";
import { Icon } from "../Icon";

/** Something of a field is under way. */
export function FieldSpinner() {
  const { strings } = useSettings();
  return <span class="w-spinner" role="status" aria-label={strings.loading} />;
}

/** What stands at the end of a list's closed form. */
export function SelectEnd({ isPending }: { isPending: boolean }) {
  return isPending ? <FieldSpinner /> : <Icon name="chevron-down" class="w-select-arrow" />;
}

/** Empties a field; the focus goes to the field, since the button goes away. */
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

/** Opens something beside a control, and gives the focus back when it closes. */
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
