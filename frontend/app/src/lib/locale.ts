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

/** The selectable languages: those of the chat's texts, by script. Dates work in every language. */
export const LOCALES: readonly LocaleChoice[] = [
  { tag: "en-US", name: "English (US)" },
  { tag: "en-GB", name: "English (UK)" },
  { tag: "id-ID", name: "Bahasa Indonesia" },
  { tag: "ms-MY", name: "Bahasa Melayu" },
  { tag: "bs-BA", name: "Bosanski" },
  { tag: "ca-ES", name: "Català" },
  { tag: "cs-CZ", name: "Čeština" },
  { tag: "da-DK", name: "Dansk" },
  { tag: "de-DE", name: "Deutsch" },
  { tag: "et-EE", name: "Eesti" },
  { tag: "es-ES", name: "Español (España)" },
  { tag: "es-419", name: "Español (Latinoamérica)" },
  { tag: "fil-PH", name: "Filipino" },
  { tag: "fr-FR", name: "Français" },
  { tag: "fr-CA", name: "Français (Canada)" },
  { tag: "hr-HR", name: "Hrvatski" },
  { tag: "is-IS", name: "Íslenska" },
  { tag: "it-IT", name: "Italiano" },
  { tag: "sw-TZ", name: "Kiswahili" },
  { tag: "lv-LV", name: "Latviešu" },
  { tag: "lt-LT", name: "Lietuvių" },
  { tag: "hu-HU", name: "Magyar" },
  { tag: "nl-NL", name: "Nederlands" },
  { tag: "nb-NO", name: "Norsk bokmål" },
  { tag: "pl-PL", name: "Polski" },
  { tag: "pt-BR", name: "Português (Brasil)" },
  { tag: "pt-PT", name: "Português (Portugal)" },
  { tag: "ro-RO", name: "Română" },
  { tag: "sq-AL", name: "Shqip" },
  { tag: "sk-SK", name: "Slovenčina" },
  { tag: "sl-SI", name: "Slovenščina" },
  { tag: "so-SO", name: "Soomaali" },
  { tag: "fi-FI", name: "Suomi" },
  { tag: "sv-SE", name: "Svenska" },
  { tag: "vi-VN", name: "Tiếng Việt" },
  { tag: "tr-TR", name: "Türkçe" },
  { tag: "el-GR", name: "Ελληνικά" },
  { tag: "bg-BG", name: "Български" },
  { tag: "kk-KZ", name: "Қазақша" },
  { tag: "mk-MK", name: "Македонски" },
  { tag: "mn-MN", name: "Монгол" },
  { tag: "ru-RU", name: "Русский" },
  { tag: "sr-RS", name: "Српски" },
  { tag: "uk-UA", name: "Українська" },
  { tag: "hy-AM", name: "Հայերեն" },
  { tag: "ka-GE", name: "ქართული" },
  { tag: "he-IL", name: "עברית" },
  { tag: "ur-PK", name: "اردو" },
  { tag: "ar", name: "العربية" },
  { tag: "fa-IR", name: "فارسی" },
  { tag: "am-ET", name: "አማርኛ" },
  { tag: "hi-IN", name: "हिन्दी" },
  { tag: "mr-IN", name: "मराठी" },
  { tag: "bn-BD", name: "বাংলা" },
  { tag: "pa-IN", name: "ਪੰਜਾਬੀ" },
  { tag: "gu-IN", name: "ગુજરાતી" },
  { tag: "ta-IN", name: "தமிழ்" },
  { tag: "te-IN", name: "తెలుగు" },
  { tag: "kn-IN", name: "ಕನ್ನಡ" },
  { tag: "ml-IN", name: "മലയാളം" },
  { tag: "th-TH", name: "ไทย" },
  { tag: "my-MM", name: "မြန်မာ" },
  { tag: "ko-KR", name: "한국어" },
  { tag: "ja-JP", name: "日本語" },
  { tag: "zh-CN", name: "简体中文" },
  { tag: "zh-TW", name: "繁體中文（台灣）" },
  { tag: "zh-HK", name: "繁體中文（香港）" },
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
