/** Typesets TeX: a separate chunk, loaded for the first formula, with the fonts beside it. */

import katex from "katex";
import css from "katex/dist/katex.min.css?raw";

const FONTS = import.meta.glob<string>("../../../../../node_modules/katex/dist/fonts/*.woff2", {
  eager: true,
  import: "default",
  query: "?url&no-inline",
});

/** Longer source would take more than a frame, and fewer expansions than KaTeX allows. */
const MAX_CHARS = 5000;
const MAX_EXPANSIONS = 500;

/** In em; a page of the largest rule. */
const MAX_SIZE_EM = 50;

/** Commands whose MathML has an inline style, which a strict policy rejects. */
const STYLED_MATHML = /\\(?:pmb|fcolorbox|href|url|html|includegraphics)/u;

/** Equations with numbers; those of KaTeX are counted per document, and not within a shadow root. */
const NUMBERED = /(\\(?:begin|end)\{(?:align|alignat|equation|gather))\}/gu;

const FACE = /@font-face\{([^{}]*)\}/gu;
const FAMILY = /font-family:"?([^;"]*)/u;
const STYLE = /font-style:([^;]*)/u;
const WEIGHT = /font-weight:([^;]*)/u;
const FILE = /fonts(\/[\w-]+\.woff2)/u;

let sheet: CSSStyleSheet | null = null;

/** Adds the fonts to the document; font faces don't work in a shadow root's sheets. */
function addFonts(): void {
  for (const [, rule = ""] of css.matchAll(FACE)) {
    const [family, style, weight, file] = [FAMILY, STYLE, WEIGHT, FILE].map(
      (pattern) => pattern.exec(rule)?.[1] ?? "",
    ) as [string, string, string, string];
    const url = Object.entries(FONTS).find(([path]) => path.endsWith(file))?.[1];
    if (file === "" || !url) continue;
    const { href } = new URL(url, import.meta.url);
    document.fonts.add(new FontFace(family, `url(${JSON.stringify(href)})`, { style, weight }));
  }
}

function addStyles(root: Node): void {
  if (!(root instanceof ShadowRoot || root instanceof Document)) return;
  if (sheet === null) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css.replace(FACE, ""));
    if ("fonts" in document) addFonts();
  }
  if (!root.adoptedStyleSheets.includes(sheet)) {
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }
}

/** Draws a formula into an element; returns false if it isn't valid TeX. */
export function typeset(host: HTMLElement, tex: string, display: boolean): boolean {
  if (tex.length > MAX_CHARS) return false;
  const isStyled = STYLED_MATHML.test(tex);
  try {
    katex.render(tex.replace(NUMBERED, "$1*}"), host, {
      displayMode: display,
      output: isStyled ? "html" : "htmlAndMathml",
      throwOnError: true,
      strict: false,
      trust: false,
      maxExpand: MAX_EXPANSIONS,
      maxSize: MAX_SIZE_EM,
    });
  } catch {
    return false;
  }
  if (isStyled) {
    host.setAttribute("role", "math");
    host.setAttribute("aria-label", tex);
  }
  addStyles(host.getRootNode());
  return true;
}
