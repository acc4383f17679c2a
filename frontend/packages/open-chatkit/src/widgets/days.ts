/** Calendar days in a date picker's values. */

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const ZONED = /(?:Z|[+-]\d{2}:?\d{2})$/i;

/**
 * Returns a value's day as YYYY-MM-DD; null if there is none. A time without a zone is on its written
 * day; so is midnight UTC, which often represents a plain day. Any other instant is on its day in the
 * local zone.
 */
export function dayOf(value: string | null | undefined): string | null {
  if (!value) return null;
  if (DAY.test(value)) return value;
  const head = value.slice(0, 10);
  if (!DAY.test(head) || Number.isNaN(Date.parse(value))) return null;
  if (!ZONED.test(value)) return head;
  const instant = new Date(value);
  const iso = instant.toISOString();
  if (iso.endsWith("T00:00:00.000Z")) return iso.slice(0, 10);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;
}

/** Returns the value of a selected day: an ISO time without a zone, because a day has none. */
export function isoOf(day: string): string {
  return `${day}T00:00:00`;
}

/** Formats a day; includes the year only if it isn't `thisYear`. */
export function dayText(
  day: string,
  locale: string | undefined,
  thisYear = new Date().getFullYear(),
): string {
  return formatter(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(day.startsWith(`${thisYear}-`) ? {} : { year: "numeric" }),
  }).format(new Date(`${day}T00:00:00Z`));
}

/** Returns an `Intl` formatter for days; falls back to the browser's locale. */
export function formatter(
  locale: string | undefined,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const known = isLocale(locale) ? locale : undefined;
  return new Intl.DateTimeFormat(known, { ...options, timeZone: "UTC", calendar: "gregory" });
}

/** Returns a calendar's locale: the given one if it is valid, otherwise the browser's. */
export function calendarLocale(locale: string | undefined): string {
  return isLocale(locale) ? locale : new Intl.DateTimeFormat().resolvedOptions().locale;
}

function isLocale(locale: string | undefined): locale is string {
  if (!locale) return false;
  try {
    return Intl.getCanonicalLocales(locale).length > 0;
  } catch {
    return false;
  }
}
