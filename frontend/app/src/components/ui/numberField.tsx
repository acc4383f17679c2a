import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";

export interface NumberFieldProps {
  label: string;
  max: number;
  required?: boolean;
  /** As typed; empty for none. */
  value: string;
  onChange: (value: string) => void;
}

/** A field for a whole number from 1. */
export function NumberField({ label, max, required, value, onChange }: NumberFieldProps) {
  return (
    <Field label={label}>
      {(control) => (
        <Input
          {...control}
          type="number"
          inputMode="numeric"
          min={1}
          max={max}
          required={required}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}
