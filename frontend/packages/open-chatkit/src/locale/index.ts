/** Translations of the interface. */

import { reportMissingChunk } from "../missingChunk";
import { en, type MessageKey, type Messages } from "./en";

export type { MessageKey, Messages };

/** Each catalog is a separate chunk. Languages without one fall back to English. */
const loaders = {
  es: () => import("./es"),
  fr: () => import("./fr"),
  de: () => import("./de"),
  it: () => import("./it"),
  nl: () => import("./nl"),
  pt: () => import("./pt"),
  ro: () => import("./ro"),
  pl: () => import("./pl"),
  cs: () => import("./cs"),
  sk: () => import("./sk"),
  hr: () => import("./hr"),
  bg: () => import("./bg"),
  ca: () => import("./ca"),
  hu: () => import("./hu"),
  ru: () => import("./ru"),
  uk: () => import("./uk"),
  el: () => import("./el"),
  sv: () => import("./sv"),
  da: () => import("./da"),
  nb: () => import("./nb"),
  fi: () => import("./fi"),
  tr: () => import("./tr"),
  zh: () => import("./zh"),
  "zh-Hant": () => import("./zhHant"),
  ja: () => import("./ja"),
  ko: () => import("./ko"),
  vi: () => import("./vi"),
  id: () => import("./id"),
  hi: () => import("./hi"),
  ar: () => import("./ar"),
  fa: () => import("./fa"),
  he: () => import("./he"),
  am: () => import("./am"),
  bn: () => import("./bn"),
  bs: () => import("./bs"),
  et: () => import("./et"),
  fil: () => import("./fil"),
  gu: () => import("./gu"),
  hy: () => import("./hy"),
  is: () => import("./is"),
  ka: () => import("./ka"),
  kk: () => import("./kk"),
  kn: () => import("./kn"),
  lt: () => import("./lt"),
  lv: () => import("./lv"),
  mk: () => import("./mk"),
  ml: () => import("./ml"),
  mn: () => import("./mn"),
  mr: () => import("./mr"),
  ms: () => import("./ms"),
  my: () => import("./my"),
  pa: () => import("./pa"),
  sl: () => import("./sl"),
  so: () => import("./so"),
  sq: () => import("./sq"),
  sr: () => import("./sr"),
  sw: () => import("./sw"),
  ta: () => import("./ta"),
  te: () => import("./te"),
  th: () => import("./th"),
  ur: () => import("./ur"),
} satisfies Record<string, () => Promise<{ messages: Messages }>>;

export type Language = "en" | keyof typeof loaders;

/** Languages with a catalog. `zh` is in simplified characters, `zh-Hant` in traditional ones. */
export const LANGUAGES = ["en", ...Object.keys(loaders)] as readonly Language[];

const RIGHT_TO_LEFT: ReadonlySet<Language> = new Set<Language>(["ar", "fa", "he", "ur"]);

export type Values = Record<string, string | number>;

/** Returns the text of `key` with `values` filled in. */
export type Translate = (key: MessageKey, values?: Values) => string;

export type Locale = {
  language: Language;
  /** For `Intl`: the full tag in canonical form if its language is supported, else `language`. */
  tag: string;
  direction: "ltr" | "rtl";
  t: Translate;
};

/** Parses a locale tag, also one with underscores; returns null if it is invalid. */
function parse(tag: string): Intl.Locale | null {
  try {
    return new Intl.Locale(tag.replaceAll("_", "-"));
  } catch {
    return null;
  }
}

/** Returns the language of the catalog for a tag; undefined if there is none. */
function supportedLanguage(tag: string): Language | undefined {
  // Parsing replaces old codes such as `iw`; `maximize` adds the script: `zh-HK` is `zh-Hant-HK`.
  const locale = parse(tag)?.maximize();
  if (locale?.language === "zh" && locale.script === "Hant") return "zh-Hant";
  // Norwegian without its written form, and the other written form.
  if (locale?.language === "no" || locale?.language === "nn") return "nb";
  const language = LANGUAGES.find((known) => known === locale?.language);
  // Punjabi has another script in Pakistan, Kazakh in China; Serbian is read in both of its scripts.
  const isReadable =
    language === "sr" || parse(language ?? "")?.maximize().script === locale?.script;
  return isReadable ? language : undefined;
}

/** Returns the displayed language for a locale tag such as `pt-BR`. */
export function languageOf(tag: string): Language {
  return supportedLanguage(tag) ?? "en";
}

/** Fills placeholders in; numbers get the digits of `tag`. */
function fill(text: string, values: Values | undefined, tag: string): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/gu, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : value.toLocaleString(tag);
  });
}

function makeLocale(language: Language, wanted: string, messages: Messages): Locale {
  const isSupported = supportedLanguage(wanted) === language;
  const tag = (isSupported && parse(wanted)?.toString()) || language;
  return {
    language,
    tag,
    direction: RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr",
    t: (key, values) => fill(messages[key] ?? en[key], values, tag),
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
