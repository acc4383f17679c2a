/** Calendar days as they come in a date picker's values. */

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const ZONED = /(?:Z|[+-]\d{2}:?\d{2})$/i;

/**
 * Returns the day, YYYY-MM-DD, that a value means; null for none. A time without a zone is that of
 * its own day, and so is midnight UTC, which is how a plain day is often written; any other instant
 * is on its day here.
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

/** The value of a day that was chosen: an ISO time without a zone, since a day has none. */
export function isoOf(day: string): string {
  return `${day}T00:00:00`;
}

/** Says a day in words; its year only if it is another one than `thisYear`. */
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

/** An `Intl` formatter for days; an unknown locale gets the browser's. */
export function formatter(
  locale: string | undefined,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const known = isLocale(locale) ? locale : undefined;
  return new Intl.DateTimeFormat(known, { ...options, timeZone: "UTC", calendar: "gregory" });
}

/** The locale to use for a calendar: what is given, if it can be, else the browser's. */
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
