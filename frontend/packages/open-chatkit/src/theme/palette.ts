/** Converts the official theme options to the element's custom properties. */

import type { ChatKitOptions, ColorScheme, ThemeOption } from "@openai/chatkit";

/** The colors that a page may set on the element, and the internal property of each. */
export const HOST_COLORS = {
  "--chatkit-bg": "--ck-bg",
  "--chatkit-text": "--ck-text",
  "--chatkit-primary": "--ck-primary",
  "--chatkit-border": "--ck-border",
  "--chatkit-input-bg": "--ck-input-bg",
  "--chatkit-message-user": "--ck-user-bg",
  "--chatkit-message-assistant": "--ck-assistant-bg",
} as const;

export type HostColor = keyof typeof HOST_COLORS;

const RADII = {
  pill: { s: "8px", m: "12px", l: "18px", xl: "26px", control: "999px" },
  round: { s: "6px", m: "10px", l: "14px", xl: "18px", control: "12px" },
  soft: { s: "4px", m: "6px", l: "8px", xl: "10px", control: "8px" },
  sharp: { s: "0px", m: "0px", l: "0px", xl: "0px", control: "0px" },
} as const;

const UNITS = { compact: "3.25px", normal: "4px", spacious: "4.75px" } as const;

/** The share of the accent in quiet surfaces, by accent level. */
const ACCENT_TINTS = ["0%", "0%", "5%", "10%"] as const;

/** Expands the short form of a theme. */
export function normalizeTheme(theme: ChatKitOptions["theme"]): ThemeOption {
  return typeof theme === "string" ? { colorScheme: theme } : (theme ?? {});
}

/** Removes everything from a value that could end its declaration or load a resource. */
function safeValue(value: string): string {
  return value.replace(/[;{}<>]|\/\*|\*\/|url\s*\(/giu, "").trim();
}

function isColor(value: string): boolean {
  return typeof CSS === "undefined" || !CSS.supports || CSS.supports("color", value);
}

function luminance(color: string): number | null {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/iu.exec(color.trim())?.[1];
  if (!hex) return null;
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
  const [r = 0, g = 0, b = 0] = [0, 2, 4]
    .map((at) => Number.parseInt(full.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * Returns whether `foreground` is readable on `background`. The official types define it as the text
 * color, but some pages set a second background there: an unreadable color is used as such.
 */
export function isReadable(foreground: string, background: string): boolean {
  const a = luminance(foreground);
  const b = luminance(background);
  if (a === null || b === null) return true;
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) >= 3;
}

function grays(scheme: ColorScheme, theme: ThemeOption): Record<string, string> {
  const { hue = 0, tint = 0, shade = 0 } = theme.color?.grayscale ?? {};
  const chroma = (tint * 0.0045).toFixed(4);
  const light = scheme === "light" ? 1 - Math.max(0, shade) * 0.008 : 0.22 + shade * 0.012;
  const ink = scheme === "light" ? 0.19 + Math.min(0, shade) * 0.015 : 0.955 + shade * 0.008;
  // White isn't tinted, which would look dirty.
  const paper = scheme === "light" && shade <= 0 ? "0" : chroma;
  // The option's hue is that of HSL: 220 is blue, but teal in OKLCH.
  const gray = (lightness: number, tinted: string): string =>
    `oklch(from hsl(${Number(hue)} 100% 50%) ${lightness.toFixed(3)} ${tinted} h)`;
  return { "--ck-bg": gray(light, paper), "--ck-text": gray(ink, chroma) };
}

function colors(scheme: ColorScheme, theme: ThemeOption): Record<string, string> {
  const { accent, surface } = theme.color ?? {};
  const result = grays(scheme, theme);
  result["--ck-primary"] = "var(--ck-text)";
  result["--ck-link"] = scheme === "light" ? "#0a5dc2" : "#7ab7ff";
  if (accent && isColor(accent.primary)) {
    const color = safeValue(accent.primary);
    result["--ck-primary"] = color;
    result["--ck-accent"] = color;
    result["--ck-accent-tint"] = ACCENT_TINTS[accent.level] ?? "0%";
    // Mixed with the text color, so that pale accents are readable as links.
    result["--ck-link"] = `color-mix(in oklab, ${color} 70%, var(--ck-text))`;
    if (accent.level >= 2) {
      const share = accent.level === 3 ? "22%" : "13%";
      result["--ck-user-bg"] = `color-mix(in oklab, ${color} ${share}, var(--ck-bg))`;
    }
  }
  if (surface && isColor(surface.background)) {
    const background = safeValue(surface.background);
    result["--ck-bg"] = background;
    if (isColor(surface.foreground)) {
      const isText = isReadable(surface.foreground, background);
      result[isText ? "--ck-text" : "--ck-surface"] = safeValue(surface.foreground);
    }
  }
  return result;
}

function typography(theme: ThemeOption): Record<string, string> {
  const { baseSize, fontFamily, fontFamilyMono } = theme.typography ?? {};
  const result: Record<string, string> = {};
  if (baseSize) result["--ck-size"] = `${Number(baseSize)}px`;
  if (fontFamily) result["--ck-font"] = safeValue(fontFamily);
  if (fontFamilyMono) result["--ck-mono"] = safeValue(fontFamilyMono);
  return result;
}

/**
 * Returns the CSS rule that themes one element.
 *
 * @param hostColors - the page's valid colors; they override the options.
 */
export function themeRule(theme: ThemeOption, hostColors: readonly HostColor[]): string {
  const radius = RADII[theme.radius ?? "pill"] ?? RADII.pill;
  const properties: Record<string, string> = {
    ...colors(theme.colorScheme ?? "light", theme),
    ...typography(theme),
    "--ck-unit": UNITS[theme.density ?? "normal"] ?? UNITS.normal,
    "--ck-radius-s": radius.s,
    "--ck-radius-m": radius.m,
    "--ck-radius-l": radius.l,
    "--ck-radius-xl": radius.xl,
    "--ck-radius-round": radius.control,
    "--ck-radius": radius.l,
    "--ck-radius-control": radius.m,
  };
  for (const name of hostColors) properties[HOST_COLORS[name]] = `var(${name})`;
  if (hostColors.includes("--chatkit-primary")) {
    properties["--ck-link"] = "color-mix(in oklab, var(--chatkit-primary) 70%, var(--ck-text))";
  }
  const body = Object.entries(properties)
    .map(([name, value]) => `${name}:${value}`)
    .join(";");
  // Repeated three times, to override the dark scheme's rule by specificity.
  return `.frame.frame.frame{${body}}`;
}
