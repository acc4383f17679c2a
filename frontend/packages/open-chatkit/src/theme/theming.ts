/** Updates one element's theme when its options or the page change. */

import type { ColorScheme, ThemeOption } from "@openai/chatkit";
import { HOST_COLORS, type HostColor, themeRule } from "./palette";

/** Returns the colors that the page sets on the host and that are valid. */
function readHostColors(host: HTMLElement): HostColor[] {
  const style = getComputedStyle(host);
  return (Object.keys(HOST_COLORS) as HostColor[]).filter((name) => {
    const value = style.getPropertyValue(name).trim();
    // For example `hsl(var(--x))` around a value that isn't a hue: use the default instead.
    return value !== "" && CSS.supports("color", value);
  });
}

/** Returns the scheme of the painted background, because a page may set only the colors. */
function paintedScheme(frame: HTMLElement, wanted: ColorScheme): ColorScheme {
  const color = getComputedStyle(frame).backgroundColor;
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context || !color || color === "rgba(0, 0, 0, 0)") return wanted;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  if (alpha < 128) return wanted;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 110 ? "dark" : "light";
}

async function loadFonts(theme: ThemeOption): Promise<void> {
  // Font faces don't work in a shadow root's sheets, so add them to the document.
  for (const font of theme.typography?.fontSources ?? []) {
    const face = new FontFace(font.family, `url(${JSON.stringify(font.src)})`, {
      ...(font.weight === undefined ? {} : { weight: String(font.weight) }),
      ...(font.style === undefined ? {} : { style: font.style }),
      ...(font.unicodeRange === undefined ? {} : { unicodeRange: font.unicodeRange }),
      display: font.display ?? "swap",
    });
    const known = [...document.fonts].some(
      (other) =>
        other.family === face.family && other.weight === face.weight && other.style === face.style,
    );
    if (known) continue;
    document.fonts.add(face);
    // If a font fails to load, the fallback is used.
    await face.load().catch(() => undefined);
  }
}

export type Theming = {
  apply(theme: ThemeOption): void;
  dispose(): void;
};

/** Themes `frame` in `host`'s shadow root, and updates it when the page's theme changes. */
export function createTheming(host: HTMLElement, root: ShadowRoot, frame: HTMLElement): Theming {
  const sheet = new CSSStyleSheet();
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  let theme: ThemeOption = {};
  let rule = "";

  const refresh = (): void => {
    const hostColors = readHostColors(host);
    const next = themeRule(theme, hostColors);
    if (next !== rule) {
      rule = next;
      sheet.replaceSync(next);
    }
    const scheme = paintedScheme(frame, theme.colorScheme ?? "light");
    if (frame.dataset.scheme !== scheme) frame.dataset.scheme = scheme;
    frame.toggleAttribute(
      "data-assistant-bubble",
      hostColors.includes("--chatkit-message-assistant"),
    );
  };

  const observer = new MutationObserver(refresh);
  const watched = { attributes: true, attributeFilter: ["class", "style", "data-theme"] };
  observer.observe(host, watched);
  observer.observe(document.documentElement, watched);
  if (document.body) observer.observe(document.body, watched);
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", refresh);

  return {
    apply(next) {
      theme = next;
      refresh();
      void loadFonts(next);
    },
    dispose() {
      observer.disconnect();
      media.removeEventListener("change", refresh);
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
    },
  };
}
