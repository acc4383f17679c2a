import { dueDay, dueFrom, dueTime } from "@/lib/due";
import type { Task, TaskChanges } from "@/lib/tasks";

const DAY_MS = 86_400_000;

/** Returns the day `count` days after a day, `2026-11-24`. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** Returns the first day of the month `count` months after that of a day. */
export function addMonths(day: string, count: number): string {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 + count, 1)).toISOString().slice(0, 10);
}

/** Returns the weekday that weeks start with: 1 for Monday to 7 for Sunday. */
export function firstWeekday(locale: string): number {
  const info = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (info.getWeekInfo?.() ?? info.weekInfo)?.firstDay ?? 1;
}

/** Returns the seven days of a day's week. */
export function weekOf(day: string, firstDay: number): string[] {
  const weekday = new Date(Date.parse(day)).getUTCDay();
  const start = addDays(day, -((weekday - firstDay + 7) % 7));
  return Array.from({ length: 7 }, (_, index) => addDays(start, index));
}

/** Returns the weeks of a day's month; the first and the last one can have days of other months. */
export function weeksOfMonth(day: string, firstDay: number): string[][] {
  const end = addMonths(day, 1);
  const weeks: string[][] = [];
  let week = weekOf(addMonths(day, 0), firstDay);
  while ((week[0] ?? end) < end) {
    weeks.push(week);
    week = weekOf(addDays(week[0] ?? end, 7), firstDay);
  }
  return weeks;
}

/** Returns the open tasks of each day on which one is due, or starts if it isn't due. */
export function tasksByDay(tasks: Iterable<Task>, timezone: string): Map<string, Task[]> {
  const days = new Map<string, Task[]>();
  for (const task of tasks) {
    const moment = task.due ?? task.start;
    if (!moment || task.completed_at !== null) continue;
    const day = dueDay(moment, timezone);
    const others = days.get(day);
    if (others) others.push(task);
    else days.set(day, [task]);
  }
  const time = (task: Task) => {
    const moment = task.due ?? task.start;
    return (moment && dueTime(moment, timezone)) || "24:00";
  };
  for (const each of days.values()) {
    each.sort(
      (one, other) => time(one).localeCompare(time(other)) || one.title.localeCompare(other.title),
    );
  }
  return days;
}

/** Returns the changes that move a task to another day at the same time of day. */
export function moveTo(task: Task, day: string, timezone: string): TaskChanges {
  const moment = task.due ?? task.start;
  const moved = dueFrom(day, moment ? dueTime(moment, timezone) : "", timezone);
  return task.due || !task.start ? { due: moved } : { start: moved };
}
