import { useId } from "react";

export interface RadioGroupProps<T extends string> {
  legend: string;
  hint?: string;
  options: readonly { value: T; name: string }[];
  value: T | string;
  onChange: (value: T) => void;
}

/** A group of radio buttons. */
export function RadioGroup<T extends string>(props: RadioGroupProps<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend className="text-sm font-medium">{props.legend}</legend>
      {props.hint ? (
        <p className="mt-0.5 text-[0.8125rem] text-muted-foreground">{props.hint}</p>
      ) : null}
      <div className="mt-2 flex flex-wrap gap-2">
        {props.options.map((option) => (
          <label
            key={option.value}
            className="flex h-10 cursor-pointer items-center gap-2 rounded-md border border-input/50 px-3 text-sm has-checked:border-primary has-checked:bg-primary/10 has-focus-visible:outline-2 has-focus-visible:outline-ring"
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === props.value}
              onChange={() => props.onChange(option.value)}
              className="h-4 w-4 accent-primary outline-none"
            />
            {option.name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
