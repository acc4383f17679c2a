import { Bell, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Input, NativeSelect } from "@/components/ui/input";
import type { DateContext } from "@/lib/due";
import { describeMinutes, describeReminder, instantOf, REMINDER_MINUTES } from "@/lib/reminders";
import type { Reminder } from "@/lib/tasks";

const MAX_REMINDERS = 10;

export interface ReminderFieldsProps {
  value: readonly Reminder[];
  hasDue: boolean;
  dates: DateContext;
  onChange: (value: Reminder[]) => void;
}

/** The reminders of a task, and a field that adds one. */
export function ReminderFields({ value, hasDue, dates, onChange }: ReminderFieldsProps) {
  const [isAtTime, setIsAtTime] = useState(false);
  const add = (reminder: Reminder) => {
    const isKnown = value.some(
      ({ at, minutes_before }) => at === reminder.at && minutes_before === reminder.minutes_before,
    );
    if (!isKnown) onChange([...value, reminder]);
  };
  return (
    <div className="col-span-full grid gap-2">
      {value.length > 0 ? (
        <ul aria-label="Reminders" className="flex flex-wrap gap-1.5">
          {value.map((reminder) => {
            const text = describeReminder(reminder, dates);
            return (
              <li
                key={reminder.at ?? reminder.minutes_before}
                className="inline-flex items-center gap-1.5 rounded-full bg-muted pl-2.5 text-[0.8125rem]"
              >
                <Bell aria-hidden className="h-3.5 w-3.5 text-muted-foreground" />
                {text}
                <Button
                  variant="ghost"
                  size="icon"
                  aria-label={`Remove reminder: ${text}`}
                  className="h-7 w-7 rounded-full"
                  onClick={() => onChange(value.filter((each) => each !== reminder))}
                >
                  <X aria-hidden className="h-3.5 w-3.5" />
                </Button>
              </li>
            );
          })}
        </ul>
      ) : null}
      {value.length < MAX_REMINDERS ? (
        <div className="grid grid-cols-2 gap-3">
          <Field label="Remind me">
            {(control) => (
              <NativeSelect
                {...control}
                value={isAtTime ? "time" : ""}
                onChange={({ target }) => {
                  setIsAtTime(target.value === "time");
                  if (target.value !== "time") add({ minutes_before: Number(target.value) });
                }}
              >
                <option value="" disabled>
                  Choose…
                </option>
                {REMINDER_MINUTES.map((minutes) => (
                  <option key={minutes} value={minutes} disabled={!hasDue}>
                    {describeMinutes(minutes)}
                  </option>
                ))}
                <option value="time">At a date and time…</option>
              </NativeSelect>
            )}
          </Field>
          {isAtTime ? (
            <Field label="Date and time">
              {(control) => (
                <Input
                  {...control}
                  type="datetime-local"
                  autoFocus
                  max="2999-12-31T23:59"
                  onKeyDown={(event) => {
                    if (event.key !== "Enter") return;
                    event.preventDefault(); // Enter would save the form without it
                    event.currentTarget.blur();
                  }}
                  onBlur={({ target }) => {
                    if (target.value) add({ at: instantOf(target.value, dates.timezone) });
                    setIsAtTime(false);
                  }}
                />
              )}
            </Field>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
