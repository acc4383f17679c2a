import { describe, expect, it } from "vitest";
import { LANGUAGES, languageOf, loadLocale } from ".";
import { en, type MessageKey, type Messages } from "./en";

const catalogues = import.meta.glob<{ messages?: Messages }>("./??.ts");

describe("translations", () => {
  it.each(LANGUAGES)(
    "are complete in %s, with the same placeholders, and differ from English",
    async (language) => {
      const module = await catalogues[`./${language}.ts`]?.();
      const messages = module?.messages ?? en;

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

  it("fall back to the nearest supported language", () => {
    expect(["pt-BR", "zh-Hant", "es-419", "fr-CA", "sv-SE"].map(languageOf)).toEqual([
      "pt",
      "zh",
      "es",
      "fr",
      "en",
    ]);
  });

  it("fill in placeholders", async () => {
    const { t, direction } = await loadLocale("de-DE");

    expect(t("removeFile", { name: "a.txt" })).toBe("a.txt entfernen");
    expect(direction).toBe("ltr");
    expect((await loadLocale("ar")).direction).toBe("rtl");
  });
});
