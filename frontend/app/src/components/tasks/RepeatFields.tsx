import { Field } from "@/components/ui/field";
import { Input, NativeSelect } from "@/components/ui/input";
import { NumberField } from "@/components/ui/numberField";
import {
  describeRule,
  type RepeatChoice,
  type RepeatValues,
  WEEKDAY_CODES,
} from "@/lib/repeatForm";
import { cn } from "@/lib/utils";

const CHOICES: readonly { value: RepeatChoice; name: string }[] = [
  { value: "none", name: "Doesn’t repeat" },
  { value: "daily", name: "Daily" },
  { value: "workdays", name: "On weekdays (Mon to Fri)" },
  { value: "weekly", name: "Weekly" },
  { value: "monthly", name: "Monthly" },
  { value: "yearly", name: "Yearly" },
];

const UNITS: Partial<Record<RepeatChoice, string>> = {
  daily: "days",
  weekly: "weeks",
  monthly: "months",
  yearly: "years",
};

/** The first Monday of 2024 was the first day of the year. */
const MONDAY = new Date("2024-01-01T12:00:00Z");
const DAY_MS = 86_400_000;

export interface RepeatFieldsProps {
  value: RepeatValues;
  /** A task without a due date can't repeat. */
  hasDue: boolean;
  locale: string;
  onChange: (value: RepeatValues) => void;
}

/** The fields of a repetition. */
export function RepeatFields({ value, hasDue, locale, onChange }: RepeatFieldsProps) {
  const set = (changed: Partial<RepeatValues>) => onChange({ ...value, ...changed });
  const unit = UNITS[value.choice];
  return (
    <div className="col-span-full grid grid-cols-2 gap-3">
      <Field
        label="Repeat"
        hint={hasDue ? undefined : "Needs a due date."}
        className="col-span-full sm:col-span-1"
      >
        {(control) => (
          <NativeSelect
            {...control}
            value={value.choice}
            disabled={!hasDue}
            onChange={({ target }) => set({ choice: target.value as RepeatChoice })}
          >
            {CHOICES.map((choice) => (
              <option key={choice.value} value={choice.value}>
                {choice.name}
              </option>
            ))}
            {value.rule && value.choice === "rule" ? (
              <option value="rule">{describeRule(value)}</option>
            ) : null}
          </NativeSelect>
        )}
      </Field>
      {value.choice === "none" ? null : (
        <>
          {unit ? (
            <NumberField
              label={`Every (${unit})`}
              max={999}
              required
              value={value.interval}
              onChange={(interval) => set({ interval })}
            />
          ) : null}
          {value.choice === "weekly" ? (
            <WeekdayPicker
              weekdays={value.weekdays}
              locale={locale}
              onChange={(weekdays) => set({ weekdays })}
            />
          ) : null}
          <Field label="Counted from">
            {(control) => (
              <NativeSelect
                {...control}
                value={value.from}
                onChange={({ target }) => set({ from: target.value as RepeatValues["from"] })}
              >
                <option value="due">Due date</option>
                <option value="completion">Completion</option>
              </NativeSelect>
            )}
          </Field>
          <Field label="Ends">
            {(control) => (
              <NativeSelect
                {...control}
                value={value.end}
                onChange={({ target }) => set({ end: target.value as RepeatValues["end"] })}
              >
                <option value="never">Never</option>
                <option value="until">On a date</option>
                <option value="count">After a count</option>
              </NativeSelect>
            )}
          </Field>
          {value.end === "until" ? (
            <Field label="Last date">
              {(control) => (
                <Input
                  {...control}
                  type="date"
                  required
                  max="2999-12-31"
                  value={value.until}
                  onChange={({ target }) => set({ until: target.value })}
                />
              )}
            </Field>
          ) : null}
          {value.end === "count" ? (
            <NumberField
              label="Times left"
              max={999}
              required
              value={value.count}
              onChange={(count) => set({ count })}
            />
          ) : null}
        </>
      )}
    </div>
  );
}

interface WeekdayPickerProps {
  weekdays: readonly string[];
  locale: string;
  onChange: (weekdays: string[]) => void;
}

function WeekdayPicker({ weekdays, locale, onChange }: WeekdayPickerProps) {
  const name = (index: number, weekday: "long" | "short") =>
    new Intl.DateTimeFormat(locale, { weekday, timeZone: "UTC" }).format(
      MONDAY.getTime() + index * DAY_MS,
    );
  return (
    <fieldset className="col-span-full min-w-0">
      <legend className="mb-1.5 text-sm font-medium">On</legend>
      <div className="grid grid-cols-4 gap-1 min-[24rem]:grid-cols-7">
        {WEEKDAY_CODES.map((code, index) => {
          const isOn = weekdays.includes(code);
          return (
            <button
              key={code}
              type="button"
              aria-pressed={isOn}
              aria-label={name(index, "long")}
              onClick={() =>
                onChange(isOn ? weekdays.filter((day) => day !== code) : [...weekdays, code])
              }
              className={cn(
                "h-9 min-w-0 truncate rounded-md border text-[0.8125rem] pointer-coarse:h-11",
                isOn
                  ? "border-primary bg-primary font-medium text-primary-foreground"
                  : "border-input/60 text-muted-foreground hover:bg-accent",
              )}
            >
              {name(index, "short")}
            </button>
          );
        })}
      </div>
    </fieldset>
  );
}
