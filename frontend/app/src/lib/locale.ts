/** The time zone of this device. */
export function browserTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** The first language of this browser. */
export function browserLocale(): string {
  return navigator.language || "en";
}

/** Every time zone the browser knows, UTC among them. */
export function timezones(): string[] {
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  return known.includes("UTC") ? known : ["UTC", ...known];
}

/** A language of dates and of the chat. */
export interface LocaleChoice {
  tag: string;
  name: string;
}

/** What can be chosen; the chat has its texts in these, dates work in every language. */
export const LOCALES: readonly LocaleChoice[] = [
  { tag: "en-US", name: "English (US)" },
  { tag: "en-GB", name: "English (UK)" },
  { tag: "de-DE", name: "Deutsch" },
  { tag: "es-ES", name: "Español" },
  { tag: "fr-FR", name: "Français" },
  { tag: "pt-BR", name: "Português" },
  { tag: "zh-CN", name: "中文" },
  { tag: "ja-JP", name: "日本語" },
  { tag: "ar", name: "العربية" },
];

/** A locale that `Intl` takes, whatever an account holds. */
export function usableLocale(tag: string | null | undefined): string {
  if (!tag) return browserLocale();
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? browserLocale();
  } catch {
    return browserLocale();
  }
}

/** A time zone that `Intl` takes, whatever an account holds. */
export function usableTimezone(name: string | null | undefined): string {
  if (!name) return browserTimezone();
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return browserTimezone();
  }
}
