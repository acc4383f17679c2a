import type { SupportedLocale } from "@openai/chatkit";
import { usesOfficialScript } from "@/lib/chatKitScript";

/** The languages of the official component; it rejects options with other locales. */
const OFFICIAL_LANGUAGES: ReadonlySet<string> = new Set(
  (
    "am ar bg bn bs ca cs da de el en es et fi fr gu hi hr hu hy id is it ja ka kk kn ko lt lv mk ml " +
    "mn mr ms my nb nl pa pl pt ro ru sk sl so sq sr sv sw ta te th tl tr uk ur vi zh"
  ).split(" "),
);

/** The locales of the official component whose texts differ from those of their language. */
const OFFICIAL_REGIONS: ReadonlySet<string> = new Set(["es-419", "fr-CA", "pt-PT"]);

/**
 * Returns the chat's locale for a language tag.
 *
 * Our component takes any tag. The official one gets its nearest locale.
 */
export function chatLocale(tag: string): SupportedLocale {
  return (usesOfficialScript ? officialLocale(tag) : tag) as SupportedLocale;
}

function officialLocale(tag: string): string {
  const { language, script, region } = new Intl.Locale(tag).maximize();
  if (language === "zh") {
    if (script !== "Hant") return "zh-CN";
    return region === "HK" || region === "MO" ? "zh-HK" : "zh-TW";
  }
  if (language === "no" || language === "nn") return "nb";
  if (language === "fil") return "tl";
  const regional = `${language}-${region}`;
  if (OFFICIAL_REGIONS.has(regional)) return regional;
  return OFFICIAL_LANGUAGES.has(language) ? language : "en";
}
