import { type ReactNode, useId } from "react";
import { cn } from "@/lib/utils";

export interface FieldControl {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

export interface FieldProps {
  label: string;
  /** Shown below the control. */
  hint?: ReactNode;
  /** An error, shown in place of the hint. */
  error?: string | undefined;
  className?: string;
  /** Renders the control with the attributes that link it to label, hint and error. */
  children: (control: FieldControl) => ReactNode;
}

/** A labelled control with a hint or an error that screen readers announce with it. */
export function Field({ label, hint, error, className, children }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const note = error ?? hint;
  return (
    <div className={cn("grid content-start gap-1.5", className)}>
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": note ? noteId : undefined,
        "aria-invalid": error ? true : undefined,
      })}
      {note ? (
        <p
          id={noteId}
          className={cn("text-[0.8125rem]", error ? "text-destructive" : "text-muted-foreground")}
        >
          {note}
        </p>
      ) : null}
    </div>
  );
}
