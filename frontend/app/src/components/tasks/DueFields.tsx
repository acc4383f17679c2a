import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";

/** The values of the due date fields. */
export interface DueValues {
  day: string;
  time: string;
}

/** The values without a due date. */
export const NO_DUE: DueValues = { day: "", time: "" };

export interface DueFieldsProps {
  value: DueValues;
  onChange: (value: DueValues) => void;
}

/** Native fields for the day and time of a due date. */
export function DueFields({ value, onChange }: DueFieldsProps) {
  return (
    <>
      <Field label="Due">
        {(control) => (
          <Input
            {...control}
            type="date"
            value={value.day}
            min="1970-01-01"
            max="2999-12-31"
            onChange={({ target }) =>
              onChange(target.value ? { ...value, day: target.value } : NO_DUE)
            }
          />
        )}
      </Field>
      <Field label="Time">
        {(control) => (
          <Input
            {...control}
            type="time"
            value={value.time}
            disabled={!value.day}
            onChange={({ target }) => onChange({ ...value, time: target.value })}
          />
        )}
      </Field>
    </>
  );
}
