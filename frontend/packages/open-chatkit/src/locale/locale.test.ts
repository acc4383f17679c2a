import { describe, expect, it } from "vitest";
import { LANGUAGES, type Language, languageOf, loadLocale } from ".";
import { en, type MessageKey, type Messages } from "./en";

const catalogues = import.meta.glob<Messages>(
  ["./*.ts", "!./index.ts", "!./*.test.ts", "!./en.ts"],
  {
    import: "messages",
  },
);

const fileOf = (language: string): string => `./${language.replace("-", "")}.ts`;

/** Returns a language's catalogue, read from its file. */
async function catalogueOf(language: string): Promise<Messages> {
  if (language === "en") return en;
  const load = catalogues[fileOf(language)];
  if (!load) throw new Error(`${language} has no catalogue`);
  return load();
}

/** Returns pairs of a locale tag and the language that is displayed for it. */
function pairs(table: Partial<Record<Language, string>>): [tag: string, language: Language][] {
  return Object.entries(table).flatMap(([language, tags]) =>
    tags.split(" ").map((tag): [string, Language] => [tag, language as Language]),
  );
}

describe("translations", () => {
  it.each(LANGUAGES)(
    "are complete in %s, with the same placeholders, and differ from English",
    async (language) => {
      const messages = await catalogueOf(language);

      expect(Object.keys(messages).sort()).toEqual(Object.keys(en).sort());
      const placeholders = (value: string) => (value.match(/\{\w+\}/gu) ?? []).sort();
      const same: string[] = [];
      for (const [key, text] of Object.entries(en)) {
        const translated = messages[key as MessageKey];
        expect(translated.trim(), key).not.toBe("");
        expect(placeholders(translated), key).toEqual(placeholders(text));
        if (translated === text && /[a-z]{3} [a-z]/iu.test(text.replace(/\{\w+\}/gu, "")))
          same.push(key);
      }
      expect(language === "en" ? [] : same).toEqual([]);
    },
  );

  it("are listed, each with its own catalogue", async () => {
    expect(["./en.ts", ...Object.keys(catalogues)].sort()).toEqual(LANGUAGES.map(fileOf).sort());

    const sentences = new Map<string, Language>();
    for (const language of LANGUAGES) {
      const { language: displayed, t } = await loadLocale(language);
      expect(displayed).toBe(language);
      expect(t("deleteConfirm")).toBe((await catalogueOf(language)).deleteConfirm);
      expect(sentences.get(t("deleteConfirm")), language).toBeUndefined();
      sentences.set(t("deleteConfirm"), language);
    }
  });

  it("fall back to the nearest supported language", () => {
    const expected = pairs({
      pt: "pt-BR PT_pt",
      es: "es-419",
      fr: "fr-CA",
      sv: "sv-SE",
      zh: "zh zh-CN zh-SG zh-Hans zh-Hans-HK zh-hans-tw cmn",
      "zh-Hant": "zh-Hant zh-TW zh_TW zh-HK zh-MO zh-Hant-HK zh-hant-CN",
      nb: "nb nb-NO no nn nn-NO",
      he: "he he-IL iw iw-IL",
      id: "id id-ID in",
      fil: "fil fil-PH tl tl-PH",
      sr: "sr sr-RS sr-Cyrl sr-Latn sr-ME sh",
      kk: "kk kk-KZ",
      pa: "pa pa-IN pa-Guru",
      ur: "ur ur-PK ur-IN",
      en: "en en-GB zu-ZA yue C not_a_tag pa-PK pa-Arab kk-CN mn-CN hi-Latn",
    });

    expect(expected.map(([tag]) => [tag, languageOf(tag)])).toEqual(expected);
    expect(languageOf("")).toBe("en");
  });

  it("fill in placeholders", async () => {
    const { t, direction } = await loadLocale("de-DE");

    expect(t("removeFile", { name: "a.txt" })).toBe("a.txt entfernen");
    expect(direction).toBe("ltr");
    expect((await loadLocale("ar")).direction).toBe("rtl");
  });

  it("write numbers in the digits of the locale", async () => {
    expect((await loadLocale("fa")).t("seconds", { count: 18 })).toBe("۱۸ ثانیه");
    expect((await loadLocale("fi")).t("seconds", { count: 18 })).toBe("18 s");
  });

  it.each([
    ["pt_BR", "pt-BR"],
    ["iw-IL", "he-IL"],
    ["no", "no"],
    ["zh-Hant-HK", "zh-Hant-HK"],
    ["zu-ZA", "en"],
    ["sw-TZ", "sw-TZ"],
    ["not a tag", "en"],
  ])("of %s format dates and numbers as %s", async (wanted, tag) => {
    expect((await loadLocale(wanted)).tag).toBe(tag);
  });

  it("run from right to left in Arabic, Hebrew, Persian and Urdu", async () => {
    const locales = await Promise.all(LANGUAGES.map(loadLocale));

    const rightToLeft = locales.filter(({ direction }) => direction === "rtl");
    expect(rightToLeft.map(({ language }) => language).sort()).toEqual(["ar", "fa", "he", "ur"]);
  });
});
