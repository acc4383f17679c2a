import { type ComponentProps, useId } from "react";

export interface CheckboxProps extends Omit<ComponentProps<"input">, "type" | "id"> {
  label: string;
  /** Shown under the label. */
  hint: string;
}

/** A checkbox with a label and a hint that screen readers announce with it. */
export function Checkbox({ label, hint, ...props }: CheckboxProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div className="flex items-start gap-2.5">
      <input
        type="checkbox"
        id={id}
        aria-describedby={hintId}
        className="mt-0.5 h-4 w-4 shrink-0 accent-primary pointer-coarse:mt-3.5"
        {...props}
      />
      <div className="grid gap-0.5">
        <label htmlFor={id} className="text-sm font-medium pointer-coarse:py-3">
          {label}
        </label>
        <p id={hintId} className="text-[0.8125rem] text-muted-foreground">
          {hint}
        </p>
      </div>
    </div>
  );
}
