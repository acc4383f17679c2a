/**
 * The color tokens of widgets. Each uses the chat's semantic token (`--ck-*`), or without a chat the
 * custom property that a page may set (`--chatkit-*`), or else a default. `light-dark()` follows the
 * `color-scheme` of its element, so a widget with its own theme needs no second table.
 */

type Token = { name: string; from: readonly string[]; own: string };

const TOKENS: readonly Token[] = [
  { name: "text", from: ["ck-text", "chatkit-text"], own: "light-dark(#17181c, #f1f2f4)" },
  { name: "text-secondary", from: ["ck-text-secondary"], own: "light-dark(#5a5f6a, #b0b5bf)" },
  { name: "text-tertiary", from: ["ck-text-tertiary"], own: "light-dark(#666b76, #9aa0ab)" },
  // Fields have their own background on any surface.
  { name: "field-text", from: ["ck-text", "chatkit-text"], own: "light-dark(#17181c, #f1f2f4)" },
  { name: "field-quiet", from: ["ck-text-tertiary"], own: "light-dark(#666b76, #9aa0ab)" },
  { name: "surface", from: ["ck-surface", "chatkit-bg"], own: "light-dark(#ffffff, #1f2024)" },
  { name: "surface-2", from: ["ck-bg-subtle"], own: "light-dark(#f5f6f7, #26272c)" },
  { name: "surface-3", from: ["ck-bg-hover"], own: "light-dark(#ebecef, #303238)" },
  { name: "elevated", from: ["ck-surface"], own: "light-dark(#ffffff, #292a30)" },
  { name: "elevated-2", from: ["ck-bg-subtle"], own: "light-dark(#f8f9fa, #33343b)" },
  { name: "border", from: ["ck-border", "chatkit-border"], own: "light-dark(#dfe1e5, #3b3d45)" },
  { name: "border-strong", from: ["ck-border-strong"], own: "light-dark(#c3c6cc, #565a64)" },
  { name: "input", from: ["ck-input-bg", "chatkit-input-bg"], own: "light-dark(#ffffff, #17181b)" },
  // Opaque, in the scheme of the widget.
  { name: "place", from: [], own: "light-dark(#f3f3f3, #303030)" },
  { name: "primary", from: ["ck-primary", "chatkit-primary"], own: "light-dark(#17181c, #f1f2f4)" },
  { name: "focus", from: ["ck-focus"], own: "light-dark(#1c64d9, #7fb0ff)" },
  { name: "success", from: ["ck-success"], own: "light-dark(#0b6b3a, #6fdc9c)" },
  { name: "danger", from: ["ck-danger"], own: "light-dark(#b3261e, #ff9d94)" },
  { name: "warning", from: ["ck-warning"], own: "light-dark(#8a4b00, #ffc66b)" },
  { name: "info", from: ["ck-info"], own: "light-dark(#0a5dc2, #8cc2ff)" },
  { name: "discovery", from: ["ck-discovery"], own: "light-dark(#6d28d9, #c9a9ff)" },
  { name: "shadow", from: ["ck-shadow"], own: "0 1px 2px rgb(0 0 0 / 5%)" },
  { name: "shadow-menu", from: ["ck-shadow-menu"], own: "0 8px 32px rgb(0 0 0 / 20%)" },
  { name: "chart-blue", from: [], own: "light-dark(#2f6fde, #6ea3ff)" },
  { name: "chart-purple", from: [], own: "light-dark(#8250c8, #b690f2)" },
  { name: "chart-orange", from: [], own: "light-dark(#d1651a, #f59a56)" },
  { name: "chart-green", from: [], own: "light-dark(#1e8a55, #58c48b)" },
  { name: "chart-red", from: [], own: "light-dark(#cc3d36, #f5807a)" },
  { name: "chart-yellow", from: [], own: "light-dark(#a97b00, #e8c14b)" },
  { name: "chart-pink", from: [], own: "light-dark(#c93d86, #f286bd)" },
];

/** The text colors without a chat, by token. */
export const INKS: Readonly<Record<string, readonly [light: string, dark: string]>> =
  Object.fromEntries(
    TOKENS.filter(({ name }) => /^(?:text|success|danger|warning|info|discovery)/u.test(name)).map(
      ({ name, own }) => [name, own.match(/#\w+/gu) as unknown as [string, string]],
    ),
  );

const chain = ({ from, own }: Token): string =>
  from.reduceRight((rest, name) => `var(--${name}, ${rest})`, own);

const declared = (value: (token: Token) => string): string =>
  TOKENS.map((token) => `  --w-${token.name}: ${value(token)};`).join("\n");

/** Mixed from other tokens, so they are declared wherever those are. */
const MIXED = `
  --w-border-subtle: color-mix(in oklab, var(--w-border) 60%, transparent);
  --w-hover: color-mix(in oklab, var(--w-text) 6%, transparent);
  --w-on-primary: oklch(from var(--w-primary) clamp(0.16, calc((0.66 - l) * 1000), 0.99) 0 0);
`;

/** The rules that define the tokens: for a widget, and for a part with its own theme. */
export const widgetTokens = `
.ckw {
${declared(chain)}
${MIXED}
  --w-size: var(--ck-size, 16px);
  --w-unit: var(--ck-unit, 4px);
  --w-mono: var(--ck-mono, ui-monospace, Menlo, Consolas, monospace);
  --w-radius: var(--ck-radius-l, 14px);
  --w-radius-field: var(--ck-radius-m, 10px);
  --w-radius-small: var(--ck-radius-s, 6px);
  --w-radius-button: var(--ck-radius-round, 999px);
}
.w-theme-light, .w-theme-dark {
${declared((token) => token.own)}
${MIXED}
}
.w-theme-light { color-scheme: light; }
.w-theme-dark { color-scheme: dark; }
`;
