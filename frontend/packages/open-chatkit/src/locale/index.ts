/** Translations of the interface. */

import { reportMissingChunk } from "../missingChunk";
import { en, type MessageKey, type Messages } from "./en";

export type { MessageKey, Messages };

/** Languages with a catalog; others fall back to English. */
export const LANGUAGES = ["en", "es", "fr", "de", "pt", "zh", "ja", "ar"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each catalog is a separate chunk. */
const loaders: Record<Exclude<Language, "en">, () => Promise<{ messages: Messages }>> = {
  es: () => import("./es"),
  fr: () => import("./fr"),
  de: () => import("./de"),
  pt: () => import("./pt"),
  zh: () => import("./zh"),
  ja: () => import("./ja"),
  ar: () => import("./ar"),
};

export type Values = Record<string, string | number>;

/** Returns the text of `key` with `values` filled in. */
export type Translate = (key: MessageKey, values?: Values) => string;

export type Locale = {
  language: Language;
  /** For `Intl`: the full tag if its language is supported, otherwise the displayed language. */
  tag: string;
  direction: "ltr" | "rtl";
  t: Translate;
};

function isLanguage(value: string): value is Language {
  return (LANGUAGES as readonly string[]).includes(value);
}

/** Returns the displayed language for a locale tag such as `pt-BR`. */
export function languageOf(tag: string): Language {
  const language = tag.toLowerCase().split(/[-_]/u)[0] ?? "";
  return isLanguage(language) ? language : "en";
}

function fill(text: string, values: Values | undefined): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/gu, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}

function makeLocale(language: Language, tag: string, messages: Messages): Locale {
  return {
    language,
    tag: language === languageOf(tag) && tag ? tag : language,
    direction: language === "ar" ? "rtl" : "ltr",
    t: (key, values) => fill(messages[key] ?? en[key], values),
  };
}

export const english = makeLocale("en", "en", en);

/** Loads a locale's translation; returns English if there is none or loading fails. */
export async function loadLocale(tag: string | undefined): Promise<Locale> {
  const wanted = tag ?? (typeof navigator === "undefined" ? "en" : navigator.language);
  const language = languageOf(wanted);
  if (language === "en") return makeLocale("en", wanted, en);
  try {
    return makeLocale(language, wanted, (await loaders[language]()).messages);
  } catch (error) {
    reportMissingChunk("a translation", error);
    return english;
  }
}
