import { Field } from "@/components/ui/field";
import { NativeSelect } from "@/components/ui/input";
import { PRIORITIES, type Priority } from "@/lib/tasks";

export interface PrioritySelectProps {
  value: Priority;
  onChange: (value: Priority) => void;
}

/** Selects the priority of a task. */
export function PrioritySelect({ value, onChange }: PrioritySelectProps) {
  return (
    <Field label="Priority">
      {(control) => (
        <NativeSelect
          {...control}
          value={value}
          onChange={({ target }) => onChange(target.value as Priority)}
        >
          {PRIORITIES.map((priority) => (
            <option key={priority.value} value={priority.value}>
              {priority.name}
            </option>
          ))}
        </NativeSelect>
      )}
    </Field>
  );
}
