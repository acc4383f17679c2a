import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";

/** A due as it stands in fields: a day, and a time of that day. */
export interface DueText {
  day: string;
  time: string;
}

/** No due. */
export const NO_DUE: DueText = { day: "", time: "" };

export interface DueFieldsProps {
  value: DueText;
  onChange: (value: DueText) => void;
}

/** The platform's own fields for a day and a time. */
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
