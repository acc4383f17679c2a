import { describe, expect, it } from "vitest";
import { backdropOn, contrast, OWN_BACKDROP, type Rgb, readable } from "./contrast";

const rgb = (css: string): Rgb => {
  const numbers = css.match(/\d+/gu)?.map(Number) ?? [];
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
};

describe("a text on a background", () => {
  it("keeps its color if that is readable", () => {
    expect(readable("#0169cc", [255, 255, 255])).toBe("#0169cc");
    expect(readable("#fff", [0, 79, 153])).toBe("#fff");
  });

  it.each<[string, Rgb]>([
    ["#0285ff", [255, 255, 255]],
    ["#ffc300", [240, 240, 240]],
    ["#004f99", [48, 48, 50]],
    ["#fff", [14, 165, 233]],
    ["#000", [0, 0, 0]],
    ["#777", [119, 119, 119]],
  ])("%s on %j becomes readable", (css, behind) => {
    expect(contrast(rgb(readable(css, behind)), behind)).toBeGreaterThanOrEqual(4.5);
  });

  it("keeps its color on a gradient, whose colors aren't known", () => {
    const gradient = "linear-gradient(90deg, #fff, #000)";

    expect(backdropOn([gradient, gradient], OWN_BACKDROP)).toEqual([null, null]);
    expect(readable("#ffc300", null)).toBe("#ffc300");
  });
});
