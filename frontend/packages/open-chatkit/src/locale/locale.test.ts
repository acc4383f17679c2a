import { describe, expect, it } from "vitest";
import { LANGUAGES, languageOf, loadLocale } from ".";
import { en } from "./en";

describe("the words of the interface", () => {
  it.each(LANGUAGES)("are complete in %s, with the same blanks", async (language) => {
    const { t } = await loadLocale(language);
    for (const [key, text] of Object.entries(en)) {
      const said = t(key as keyof typeof en);
      expect(said, key).not.toBe("");
      const blanks = (value: string) => (value.match(/\{\w+\}/gu) ?? []).sort();
      expect(blanks(said), key).toEqual(blanks(text));
    }
  });

  it("come in the nearest language there is", () => {
    expect(["pt-BR", "zh-Hant", "es-419", "fr-CA", "sv-SE"].map(languageOf)).toEqual([
      "pt",
      "zh",
      "es",
      "fr",
      "en",
    ]);
  });

  it("are filled in", async () => {
    const { t, direction } = await loadLocale("de-DE");

    expect(t("removeFile", { name: "a.txt" })).toBe("a.txt entfernen");
    expect(direction).toBe("ltr");
    expect((await loadLocale("ar")).direction).toBe("rtl");
  });
});
