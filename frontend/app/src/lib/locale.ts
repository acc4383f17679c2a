/** Returns the device's time zone. */
export function browserTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** Returns the browser's first language. */
export function browserLocale(): string {
  return navigator.language || "en";
}

/** Returns all time zones that the browser knows, and UTC. */
export function timezones(): string[] {
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  return known.includes("UTC") ? known : ["UTC", ...known];
}

/** A language of dates and of the chat. */
export interface LocaleChoice {
  tag: string;
  name: string;
}

/** The selectable languages: those of the chat's texts. Dates work in every language. */
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

/** Returns the account's locale if `Intl` supports it, otherwise the browser's. */
export function localeOrDefault(tag: string | null | undefined): string {
  if (!tag) return browserLocale();
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? browserLocale();
  } catch {
    return browserLocale();
  }
}

/** Returns the account's time zone if `Intl` supports it, otherwise the device's. */
export function timezoneOrDefault(name: string | null | undefined): string {
  if (!name) return browserTimezone();
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return browserTimezone();
  }
}
