import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import type { MomentValues } from "@/lib/taskForm";

/** The values without a day. */
export const NO_MOMENT: MomentValues = { day: "", time: "" };

export interface MomentFieldsProps {
  dayLabel: string;
  timeLabel: string;
  value: MomentValues;
  onChange: (value: MomentValues) => void;
}

/** Native fields for a day and a time of day. */
export function MomentFields({ dayLabel, timeLabel, value, onChange }: MomentFieldsProps) {
  return (
    <>
      <Field label={dayLabel}>
        {(control) => (
          <Input
            {...control}
            type="date"
            value={value.day}
            min="1970-01-01"
            max="2999-12-31"
            // Browsers report no day while one is typed, so the time stays for the next day.
            onChange={({ target }) => onChange({ ...value, day: target.value })}
          />
        )}
      </Field>
      <Field label={timeLabel}>
        {(control) => (
          <Input
            {...control}
            type="time"
            value={value.day ? value.time : ""}
            disabled={!value.day}
            onChange={({ target }) => onChange({ ...value, time: target.value })}
          />
        )}
      </Field>
    </>
  );
}
