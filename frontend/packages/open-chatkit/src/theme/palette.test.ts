import { describe, expect, it } from "vitest";
import { isReadable, normalizeTheme, themeRule } from "./palette";

describe("the theme", () => {
  it("may be just a color scheme", () => {
    expect(normalizeTheme("dark")).toEqual({ colorScheme: "dark" });
  });

  it("prefers the page's colors to the options", () => {
    const theme = { color: { accent: { primary: "#ff0000", level: 1 as const } } };

    expect(themeRule(theme, [])).toContain("--ck-primary:#ff0000");
    expect(themeRule(theme, ["--chatkit-primary"])).toContain(
      "--ck-primary:var(--chatkit-primary)",
    );
  });

  it("applies sizes, fonts, grays and accents from the options", () => {
    const accent = (level: 0 | 1 | 2 | 3) =>
      themeRule({ color: { accent: { primary: "#0f766e", level } } }, []);
    const rule = themeRule(
      {
        typography: { baseSize: 17, fontFamily: "Inter, serif", fontFamilyMono: "Fira Code" },
        color: { grayscale: { hue: 210, tint: 5, shade: -2 } },
      },
      [],
    );

    expect(rule).toContain("--ck-size:17px;--ck-font:Inter, serif;--ck-mono:Fira Code");
    expect(rule).toMatch(/--ck-text:oklch\(from hsl\(210 100% 50%\) [\d.]+ 0\.0225 h\)/u);
    expect(themeRule({ color: { grayscale: { hue: 0, tint: 0, shade: 4 } } }, [])).not.toBe(
      themeRule({ color: { grayscale: { hue: 0, tint: 0, shade: 0 } } }, []),
    );
    expect(accent(1)).toContain("--ck-primary:#0f766e");
    expect(accent(1)).not.toContain("--ck-user-bg");
    expect(accent(3)).toContain("--ck-user-bg");
    expect(accent(3)).not.toBe(accent(2));
  });

  it("sanitizes values that could end a declaration or load a resource", () => {
    const rule = themeRule({ typography: { fontFamily: "x;} * {background:url(//evil)" } }, []);

    expect(rule.match(/[{}]/gu)).toHaveLength(2);
    expect(rule).not.toContain("url(");
  });

  it("uses an unreadable foreground as a second background", () => {
    const surface = (foreground: string) =>
      themeRule({ color: { surface: { background: "#ffffff", foreground } } }, []);

    expect(surface("#f4f4f5")).toContain("--ck-surface:#f4f4f5");
    expect(surface("#111111")).toContain("--ck-text:#111111");
    expect(isReadable("#777777", "#ffffff")).toBe(true);
  });

  it("supports each radius and density", () => {
    for (const radius of ["pill", "round", "soft", "sharp"] as const) {
      for (const density of ["compact", "normal", "spacious"] as const) {
        expect(themeRule({ radius, density }, [])).toMatch(/--ck-unit:[\d.]+px/u);
      }
    }
  });
});
