import { describe, expect, it } from "vitest";
import { isReadable, normalizeTheme, themeRule } from "./palette";

describe("the theme", () => {
  it("may be given as a scheme alone", () => {
    expect(normalizeTheme("dark")).toEqual({ colorScheme: "dark" });
  });

  it("takes the page's own colours before the options", () => {
    const theme = { color: { accent: { primary: "#ff0000", level: 1 as const } } };

    expect(themeRule(theme, [])).toContain("--ck-primary:#ff0000");
    expect(themeRule(theme, ["--chatkit-primary"])).toContain(
      "--ck-primary:var(--chatkit-primary)",
    );
  });

  it("lets no value end its declaration or load something", () => {
    const rule = themeRule({ typography: { fontFamily: "x;} * {background:url(//evil)" } }, []);

    expect(rule.match(/[{}]/gu)).toHaveLength(2);
    expect(rule).not.toContain("url(");
  });

  it("reads a second background where the types say text", () => {
    const surface = (foreground: string) =>
      themeRule({ color: { surface: { background: "#ffffff", foreground } } }, []);

    expect(surface("#f4f4f5")).toContain("--ck-surface:#f4f4f5");
    expect(surface("#111111")).toContain("--ck-text:#111111");
    expect(isReadable("#777777", "#ffffff")).toBe(true);
  });

  it("has a shape for each radius and density", () => {
    for (const radius of ["pill", "round", "soft", "sharp"] as const) {
      for (const density of ["compact", "normal", "spacious"] as const) {
        expect(themeRule({ radius, density }, [])).toMatch(/--ck-unit:[\d.]+px/u);
      }
    }
  });
});
