"use client";

import { ChevronLeft, ChevronRight } from "lucide-react";
import { useMemo, useState } from "react";
import { CalendarTask } from "@/components/calendar/CalendarTask";
import { MoveDialog } from "@/components/calendar/MoveDialog";
import { Button } from "@/components/ui/button";
import { useIsWide } from "@/hooks/useIsWide";
import {
  addDays,
  addMonths,
  firstWeekday,
  moveTo,
  tasksByDay,
  weekOf,
  weeksOfMonth,
} from "@/lib/calendar";
import { type DateContext, dayOf, dueDay, formatDay } from "@/lib/due";
import type { Task } from "@/lib/tasks";
import { cn } from "@/lib/utils";
import { useTaskStore } from "@/stores/taskStore";
import { showInfo } from "@/stores/toastStore";

export interface CalendarViewProps {
  tasks: readonly Task[];
  dates: DateContext;
}

/** The open tasks by day: a month on wide screens, a week on phones. */
export function CalendarView({ tasks, dates }: CalendarViewProps) {
  const today = dayOf(dates.now, dates.timezone);
  const [shown, setShown] = useState(today);
  const [opened, setOpened] = useState<Task | null>(null);
  const changeTask = useTaskStore((state) => state.changeTask);
  const isWide = useIsWide();
  const days = useMemo(() => tasksByDay(tasks, dates.timezone), [tasks, dates.timezone]);
  const firstDay = firstWeekday(dates.locale);

  const move = async (task: Task, day: string) => {
    const { due, start } = task;
    const moment = due ?? start;
    if (moment && dueDay(moment, dates.timezone) === day) return;
    if (!(await changeTask(task.id, moveTo(task, day, dates.timezone)))) return;
    showInfo(`“${task.title}” moved to ${formatDay(day, dates)}`, {
      label: "Undo",
      run: () => void changeTask(task.id, due ? { due } : { start }),
    });
  };
  const step = (count: number) =>
    setShown(isWide ? addMonths(shown, count) : addDays(shown, 7 * count));
  const unit = isWide ? "month" : "week";
  const props = { days, today, dates, onOpen: setOpened };
  return (
    <>
      <div className="mb-3 flex items-center gap-1">
        <h2 aria-live="polite" className="mr-auto font-medium first-letter:uppercase">
          {new Intl.DateTimeFormat(dates.locale, {
            timeZone: "UTC",
            month: "long",
            year: "numeric",
          }).format(Date.parse(shown))}
        </h2>
        <Button variant="outline" size="sm" onClick={() => setShown(today)}>
          Today
        </Button>
        <Button
          variant="ghost"
          size="icon"
          aria-label={`Previous ${unit}`}
          onClick={() => step(-1)}
        >
          <ChevronLeft aria-hidden className="h-4 w-4" />
        </Button>
        <Button variant="ghost" size="icon" aria-label={`Next ${unit}`} onClick={() => step(1)}>
          <ChevronRight aria-hidden className="h-4 w-4" />
        </Button>
      </div>
      {isWide ? (
        <MonthTable
          {...props}
          month={shown.slice(0, 7)}
          weeks={weeksOfMonth(shown, firstDay)}
          onDrop={(taskId, day) => {
            const task = tasks.find(({ id }) => id === taskId);
            if (task) void move(task, day);
          }}
        />
      ) : (
        <WeekAgenda {...props} week={weekOf(shown, firstDay)} />
      )}
      {opened ? (
        <MoveDialog
          task={opened}
          today={today}
          firstDay={firstDay}
          dates={dates}
          onMove={(day) => void move(opened, day)}
          onClose={() => setOpened(null)}
        />
      ) : null}
    </>
  );
}

interface DaysProps {
  days: ReadonlyMap<string, readonly Task[]>;
  today: string;
  dates: DateContext;
  onOpen: (task: Task) => void;
}

interface MonthTableProps extends DaysProps {
  /** `2026-11`. */
  month: string;
  weeks: readonly (readonly string[])[];
  onDrop: (taskId: string, day: string) => void;
}

function MonthTable({ month, weeks, days, today, dates, onOpen, onDrop }: MonthTableProps) {
  const [target, setTarget] = useState<string | null>(null);
  const names = new Intl.DateTimeFormat(dates.locale, { timeZone: "UTC", weekday: "short" });
  const full = new Intl.DateTimeFormat(dates.locale, { timeZone: "UTC", dateStyle: "full" });
  return (
    <table className="w-full table-fixed border-separate border-spacing-0 overflow-hidden rounded-lg border bg-card">
      <thead>
        <tr>
          {weeks[0]?.map((day) => (
            <th
              key={day}
              scope="col"
              className="border-b py-1.5 text-xs font-medium text-muted-foreground"
            >
              {names.format(Date.parse(day))}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week, row) => (
          <tr key={week[0]}>
            {week.map((day, column) => (
              <td
                key={day}
                aria-label={full.format(Date.parse(day))}
                aria-current={day === today ? "date" : undefined}
                onDragOver={(event) => {
                  event.preventDefault();
                  setTarget(day);
                }}
                onDragLeave={() => setTarget((current) => (current === day ? null : current))}
                onDrop={(event) => {
                  event.preventDefault();
                  setTarget(null);
                  onDrop(event.dataTransfer.getData("text/plain"), day);
                }}
                className={cn(
                  "h-26 p-1 align-top",
                  row > 0 && "border-t",
                  column > 0 && "border-l",
                  !day.startsWith(month) && "bg-muted/50",
                  target === day && "bg-primary/15",
                )}
              >
                <span
                  className={cn(
                    "mb-0.5 ml-auto grid h-6 w-6 place-items-center rounded-full text-xs tabular-nums",
                    day === today
                      ? "bg-primary font-semibold text-primary-foreground"
                      : "text-muted-foreground",
                  )}
                >
                  {Number(day.slice(8))}
                </span>
                <DayTasks tasks={days.get(day) ?? []} dates={dates} onOpen={onOpen} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Tasks of a day that are shown at first. */
const MAX_TASKS = 4;

function DayTasks({
  tasks,
  dates,
  onOpen,
}: Pick<DaysProps, "dates" | "onOpen"> & { tasks: readonly Task[] }) {
  const [isComplete, setIsComplete] = useState(false);
  const shown = isComplete || tasks.length === MAX_TASKS ? tasks : tasks.slice(0, MAX_TASKS - 1);
  if (tasks.length === 0) return null;
  return (
    <ul className="grid gap-0.5">
      {shown.map((task) => (
        <CalendarTask key={task.id} task={task} dates={dates} isDraggable onOpen={onOpen} />
      ))}
      {shown.length < tasks.length ? (
        <li>
          <button
            type="button"
            className="w-full rounded-sm px-1.5 text-left text-xs text-muted-foreground hover:bg-accent"
            onClick={() => setIsComplete(true)}
          >
            {tasks.length - shown.length} more
          </button>
        </li>
      ) : null}
    </ul>
  );
}

function WeekAgenda({ week, days, today, dates, onOpen }: DaysProps & { week: readonly string[] }) {
  const format = new Intl.DateTimeFormat(dates.locale, {
    timeZone: "UTC",
    weekday: "long",
    day: "numeric",
    month: "short",
  });
  return (
    <ol className="grid gap-1">
      {week.map((day) => {
        const tasks = days.get(day) ?? [];
        return (
          <li key={day} className="border-b pb-2">
            <h3
              aria-current={day === today ? "date" : undefined}
              className={cn(
                "py-1.5 text-[0.8125rem] font-medium text-muted-foreground",
                day === today && "text-primary",
              )}
            >
              {format.format(Date.parse(day))}
              {day === today ? " · Today" : ""}
            </h3>
            {tasks.length > 0 ? (
              <ul className="grid gap-1">
                {tasks.map((task) => (
                  <CalendarTask key={task.id} task={task} dates={dates} onOpen={onOpen} />
                ))}
              </ul>
            ) : null}
          </li>
        );
      })}
    </ol>
  );
}
