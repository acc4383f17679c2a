import {
  type CalendarDate,
  endOfMonth,
  endOfWeek,
  getLocalTimeZone,
  getWeeksInMonth,
  parseDate,
  startOfMonth,
  startOfWeek,
  today,
} from "@internationalized/date";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { calendarLocale, formatter } from "../days";
import { Icon } from "../Icon";
import type { WidgetStrings } from "../strings";
import type { Align, Side } from "./popoverPosition";
import { usePopover } from "./usePopover";

export type CalendarProps = {
  anchor: { current: HTMLElement | null };
  /** YYYY-MM-DD, like all days here. */
  day: string | null;
  min: string | null;
  max: string | null;
  side: Side;
  align: Align;
  locale: string | undefined;
  strings: WidgetStrings;
  onChoose: (day: string) => void;
  onClose: () => void;
};

type Move = (
  from: CalendarDate,
  locale: string,
  isRtl: boolean,
  withShift: boolean,
) => CalendarDate;

const MOVES: Readonly<Record<string, Move>> = {
  ArrowLeft: (from, _, isRtl) => from.add({ days: isRtl ? 1 : -1 }),
  ArrowRight: (from, _, isRtl) => from.add({ days: isRtl ? -1 : 1 }),
  ArrowUp: (from) => from.add({ weeks: -1 }),
  ArrowDown: (from) => from.add({ weeks: 1 }),
  Home: (from, locale) => startOfWeek(from, locale),
  End: (from, locale) => endOfWeek(from, locale),
  PageUp: (from, _, __, withShift) => from.add(withShift ? { years: -1 } : { months: -1 }),
  PageDown: (from, _, __, withShift) => from.add(withShift ? { years: 1 } : { months: 1 }),
};

/** A month in which the user selects a day, by pointer or keyboard. */
export function Calendar(props: CalendarProps) {
  const { day, strings, onChoose } = props;
  const locale = calendarLocale(props.locale);
  const now = today(getLocalTimeZone());
  const limits = { min: parse(props.min), max: parse(props.max) };
  const chosen = parse(day);
  const [at, setAt] = useState(() => within(chosen ?? now, limits));
  const panel = useRef<HTMLDivElement>(null);
  usePopover(panel, props);

  const focused = at.toString();
  const movedByKey = useRef(true);
  useLayoutEffect(() => {
    if (!movedByKey.current) return;
    movedByKey.current = false;
    panel.current
      ?.querySelector<HTMLElement>(`[data-day="${focused}"]`)
      ?.focus({ preventScroll: true });
  }, [focused]);

  const isRtl = () => panel.current !== null && getComputedStyle(panel.current).direction === "rtl";
  function onKeyDown(event: KeyboardEvent): void {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    movedByKey.current = true;
    setAt(within(move(at, locale, isRtl(), event.shiftKey), limits));
  }

  const first = startOfMonth(at);
  const title = formatter(locale, { month: "long", year: "numeric" }).format(at.toDate("UTC"));
  return (
    <div
      ref={panel}
      class="w-calendar"
      role="dialog"
      aria-modal="false"
      aria-label={strings.chooseDate}
      popover="manual"
    >
      <div class="w-calendar-head">
        <MonthButton
          label={strings.previousMonth}
          icon="chevron-left"
          isDisabled={limits.min !== null && first.compare(limits.min) <= 0}
          onPress={() => setAt(within(at.add({ months: -1 }), limits))}
        />
        <span class="w-calendar-title" aria-live="polite">
          {title}
        </span>
        <MonthButton
          label={strings.nextMonth}
          icon="chevron-right"
          isDisabled={limits.max !== null && endOfMonth(at).compare(limits.max) >= 0}
          onPress={() => setAt(within(at.add({ months: 1 }), limits))}
        />
      </div>
      <table
        class="w-calendar-grid"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid of buttons with arrow-key navigation.
        role="grid"
        aria-label={title}
        onKeyDown={onKeyDown}
      >
        <thead>
          <tr>
            {weekOf(startOfWeek(at, locale)).map((each) => (
              <th key={each.toString()} scope="col" abbr={weekday(each, locale, "long")}>
                {weekday(each, locale, "short")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOf(first, locale).map((week) => (
            <tr key={week[0]?.toString()}>
              {week.map((each) => {
                const name = each.toString();
                const isChosen = name === day;
                return (
                  <td key={name}>
                    <button
                      type="button"
                      class={dayClass(each, at, now, isChosen)}
                      data-day={name}
                      tabIndex={name === focused ? 0 : -1}
                      aria-pressed={isChosen}
                      disabled={within(each, limits).compare(each) !== 0}
                      aria-label={formatter(locale, { dateStyle: "full" }).format(
                        each.toDate("UTC"),
                      )}
                      aria-current={name === now.toString() ? "date" : undefined}
                      onClick={() => onChoose(name)}
                    >
                      {formatter(locale, { day: "numeric" }).format(each.toDate("UTC"))}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type MonthButtonProps = { label: string; icon: string; isDisabled: boolean; onPress: () => void };

function MonthButton({ label, icon, isDisabled, onPress }: MonthButtonProps) {
  return (
    <button
      type="button"
      class="w-calendar-turn"
      aria-label={label}
      disabled={isDisabled}
      onClick={onPress}
    >
      <Icon name={icon} />
    </button>
  );
}

function dayClass(each: CalendarDate, at: CalendarDate, now: CalendarDate, isChosen: boolean) {
  return [
    "w-day",
    each.month === at.month ? "" : "w-day-beside",
    isChosen ? "w-day-chosen" : "",
    each.compare(now) === 0 ? "w-day-today" : "",
  ]
    .filter(Boolean)
    .join(" ");
}

function parse(day: string | null): CalendarDate | null {
  try {
    return day === null ? null : parseDate(day);
  } catch {
    return null;
  }
}

type Limits = { min: CalendarDate | null; max: CalendarDate | null };

function within(day: CalendarDate, { min, max }: Limits): CalendarDate {
  if (min && day.compare(min) < 0) return min;
  return max && day.compare(max) > 0 ? max : day;
}

function weekOf(start: CalendarDate): CalendarDate[] {
  return [0, 1, 2, 3, 4, 5, 6].map((days) => start.add({ days }));
}

function weeksOf(first: CalendarDate, locale: string): CalendarDate[][] {
  const start = startOfWeek(first, locale);
  return Array.from({ length: getWeeksInMonth(first, locale) }, (_, weeks) =>
    weekOf(start.add({ weeks })),
  );
}

function weekday(day: CalendarDate, locale: string, style: "short" | "long"): string {
  return formatter(locale, { weekday: style }).format(day.toDate("UTC"));
}
