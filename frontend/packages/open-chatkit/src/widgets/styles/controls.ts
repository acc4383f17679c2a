/** Styles of buttons and spinners, and the sizes of all controls. */
/** Height, text size, and padding, as in the published design tokens. */
const SIZES = {
  "3xs": [22, 0.75, 6],
  "2xs": [24, 0.75, 8],
  xs: [26, 0.875, 8],
  sm: [28, 0.875, 10],
  md: [32, 0.875, 12],
  lg: [36, 0.875, 12],
  xl: [40, 0.875, 14],
  "2xl": [44, 1, 14],
  "3xl": [48, 1, 16],
} as const;

const GUTTERS = { "2xs": 6, xs: 8, sm: 10, md: 12, lg: 14, xl: 16 } as const;
const ICONS = { sm: 16, md: 18, lg: 20, xl: 22, "2xl": 24 } as const;

const sizes = Object.entries(SIZES).map(
  ([name, [height, text, pad]]) =>
    `.w-size-${name} { --c-height: ${height}px; --c-text: calc(var(--w-size) * ${text}); --c-pad: ${pad}px; }`,
);
const gutters = Object.entries(GUTTERS).map(
  ([name, pad]) => `.ckw .w-gutter-${name} { --c-pad: ${pad}px; }`,
);
const icons = Object.entries(ICONS).map(
  ([name, size]) => `.w-icons-${name} .w-icon { width: ${size}px; height: ${size}px; }`,
);

export const controlStyles = `
${[...sizes, ...gutters, ...icons].join("\n")}
.w-control {
  min-height: var(--c-height);
  padding-inline: var(--c-pad);
  border: 1px solid transparent;
  font-size: var(--c-text);
  line-height: 1.3;
}
/* Corners of one line, so that they clip no text of several lines. */
.ckw .w-pill { border-radius: calc(var(--c-height) / 2); }
.ckw .w-not-pill { border-radius: var(--w-radius-field); }
.ckw .w-block { display: flex; width: 100%; }

.w-button {
  position: relative;
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: 6px;
  max-width: 100%;
  padding-block: 2px;
  border-radius: min(var(--w-radius-button), calc(var(--c-height) / 2));
  text-align: center;
  background: none;
  font-weight: 500;
  cursor: pointer;
  transition: background-color 120ms ease, opacity 120ms ease;
}
.w-button-label { min-width: 0; }
.w-uniform { width: var(--c-height); padding-inline: 0; flex: none; }
.w-button.w-variant-solid { background: var(--t); color: var(--t-on); }
.w-button.w-variant-solid:hover { background: color-mix(in oklab, var(--t) 88%, var(--t-on)); }
.w-button.w-variant-soft {
  background: color-mix(in oklab, var(--w-soft-tint, var(--t)) 10%, transparent);
  color: color-mix(in oklab, var(--t-ink) 80%, var(--w-text));
}
.w-button.w-variant-soft:hover { background: color-mix(in oklab, var(--w-soft-tint, var(--t)) 17%, transparent); }
.w-button.w-variant-outline { border-color: color-mix(in oklab, var(--t-ink) 30%, transparent); color: var(--t-ink); }
.w-button.w-variant-ghost { color: var(--t-ink); }
.w-button.w-tone-secondary.w-variant-ghost { color: var(--w-text-secondary); }
.w-button.w-variant-outline:hover, .w-button.w-variant-ghost:hover { background: color-mix(in oklab, var(--t) 10%, transparent); }
.w-button:disabled, .w-button[aria-disabled] { cursor: default; }
.w-button:disabled, .w-button[aria-disabled]:not(.w-pending) { opacity: 0.5; }
[data-w-waiting] .w-button[type="submit"] { opacity: 0.5; cursor: default; }
.w-button.w-pending > :not(.w-spinner) { visibility: hidden; }
.w-button > .w-spinner { position: absolute; }

.w-spinner {
  display: inline-block;
  flex: none;
  width: 1em;
  height: 1em;
  border: 2px solid currentColor;
  border-block-start-color: transparent;
  border-radius: 50%;
  animation: w-spin 0.8s linear infinite;
}
@keyframes w-spin { to { transform: rotate(360deg); } }

@media (pointer: coarse) {
  /* The border lies outside of the pseudo-element's containing block. */
  .w-button::after { content: ""; position: absolute; inset: min(0px, calc((var(--c-height) - 46px) / 2)) min(0px, calc((100% - 44px) / 2)); }
}
`;
