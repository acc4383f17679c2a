import { afterEach, describe, expect, it, vi } from "vitest";
import { LOCALES } from "@/lib/locale";

async function load(officialScript: string) {
  vi.resetModules();
  vi.stubEnv("NEXT_PUBLIC_CHATKIT_SCRIPT", officialScript);
  return (await import("@/lib/chatLocale")).chatLocale;
}

afterEach(() => vi.unstubAllEnvs());

const catalogs = Object.keys(
  import.meta.glob(["../../../packages/open-chatkit/src/locale/*.ts", "!**/{index,*.test}.ts"]),
).map((file) => file.replace(/.*\/|\.ts$/g, ""));

/** Returns the catalog of a tag: its language, or for traditional Chinese also its script. */
function catalogOf(tag: string): string {
  const { language, script } = new Intl.Locale(tag).maximize();
  return script === "Hant" ? `${language}${script}` : language;
}

describe("the language menu", () => {
  it("offers each language of the chat's texts, and no other", () => {
    expect(new Set(LOCALES.map(({ tag }) => catalogOf(tag)))).toEqual(new Set(catalogs));
  });

  it("names each choice once", () => {
    expect(new Set(LOCALES.map(({ name }) => name)).size).toBe(LOCALES.length);
  });
});

describe("chatLocale", () => {
  it("gives the site's component the tag as it is", async () => {
    const chatLocale = await load("");

    expect(["de-AT", "zh-Hant-HK", "fa-IR"].map(chatLocale)).toEqual([
      "de-AT",
      "zh-Hant-HK",
      "fa-IR",
    ]);
  });

  it.each([
    ["en-US", "en"],
    ["de-AT", "de"],
    ["ar-EG", "ar"],
    ["es-419", "es-419"],
    ["fr-CA", "fr-CA"],
    ["pt-BR", "pt"],
    ["pt-PT", "pt-PT"],
    ["nn-NO", "nb"],
    ["zh", "zh-CN"],
    ["zh-Hans-HK", "zh-CN"],
    ["zh-SG", "zh-CN"],
    ["zh-TW", "zh-TW"],
    ["zh-HK", "zh-HK"],
    ["zh-Hant", "zh-TW"],
    ["zh-Hant-MO", "zh-HK"],
    ["fa-IR", "en"],
    ["fil-PH", "tl"],
  ])("converts %s to the official component's locale %s", async (tag, locale) => {
    const chatLocale = await load("https://cdn.platform.openai.com/deployments/chatkit/chatkit.js");

    expect(chatLocale(tag)).toBe(locale);
  });
});
