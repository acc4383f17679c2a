/** Styles of texts, icons and badges. */
export const textStyles = `
.w-text, .w-title, .w-caption { white-space: pre-line; }
.w-text, .w-title, .w-caption, .w-label, .w-choice-label, .w-select-about { unicode-bidi: plaintext; }
.w-title { font-weight: 600; line-height: 1.3; letter-spacing: -0.005em; }
.w-caption { color: var(--w-text-secondary); line-height: 1.4; }
.w-label { display: block; color: var(--w-text-secondary); font-weight: 500; line-height: 1.4; }
.w-text[class*="w-weight"], .w-title[class*="w-weight"] { font-weight: inherit; }
.w-text-xs { font-size: calc(var(--w-size) * 0.75); }
.w-text-sm { font-size: calc(var(--w-size) * 0.875); }
.w-text-md { font-size: calc(var(--w-size) * 1); }
.w-text-lg { font-size: calc(var(--w-size) * 1.125); }
.w-text-xl { font-size: calc(var(--w-size) * 1.25); }
.w-title-sm { font-size: calc(var(--w-size) * 1); }
.w-title-md { font-size: calc(var(--w-size) * 1.125); }
.w-title-lg { font-size: calc(var(--w-size) * 1.25); }
.w-title-xl { font-size: calc(var(--w-size) * 1.5); }
.w-title-2xl { font-size: calc(var(--w-size) * 1.75); }
.w-title-3xl { font-size: calc(var(--w-size) * 2); }
.w-title-4xl { font-size: calc(var(--w-size) * 2.5); }
.w-title-5xl { font-size: calc(var(--w-size) * 3); }
.w-caption-sm { font-size: calc(var(--w-size) * 0.75); }
.w-caption-md { font-size: calc(var(--w-size) * 0.8125); }
.w-caption-lg { font-size: calc(var(--w-size) * 0.9375); }
.w-label-xs { font-size: calc(var(--w-size) * 0.75); }
.w-label-sm { font-size: calc(var(--w-size) * 0.8125); }
.w-label-md { font-size: calc(var(--w-size) * 0.9375); }
.w-label-lg { font-size: calc(var(--w-size) * 1.0625); }
.w-label-xl { font-size: calc(var(--w-size) * 1.1875); }
.ckw .w-weight-normal { font-weight: 400; }
.ckw .w-weight-medium { font-weight: 500; }
.ckw .w-weight-semibold { font-weight: 600; }
.ckw .w-weight-bold { font-weight: 700; }
.w-text-start { text-align: start; } .w-text-center { text-align: center; } .w-text-end { text-align: end; }
.w-italic { font-style: italic; }
/* Breaking anywhere, a truncated text is as narrow as its row needs. */
.w-truncate { word-break: break-all; white-space: normal; }
.w-anywhere { overflow-wrap: anywhere; }
.w-clamp { display: -webkit-box; -webkit-box-orient: vertical; overflow: hidden; }
.w-streaming::after {
  content: "";
  display: inline-block;
  width: 0.5em;
  height: 1em;
  margin-inline-start: 2px;
  border-radius: 2px;
  background: currentColor;
  vertical-align: -0.15em;
  opacity: 0.6;
  animation: w-blink 1s steps(2, jump-none) infinite;
}
@keyframes w-blink { to { opacity: 0; } }
.w-editable {
  width: 100%;
  padding: 2px 4px;
  margin-inline: -5px;
  border: 1px solid transparent;
  border-radius: var(--w-radius-small);
  background: none;
}
.w-editable:hover { border-color: var(--w-border); }
.w-editable:focus { border-color: var(--w-border-strong); background: var(--w-input); }
.w-markdown { min-width: 0; display: flex; flex-direction: column; gap: 8px; }
.w-markdown > p { white-space: pre-line; }
/* A wide block scrolls, and doesn't widen its row. */
.w-markdown pre { width: 0; min-width: 100%; }

.w-icon { display: block; flex: none; width: 1.125em; height: 1.125em; }
.w-icon-ticked path { stroke: var(--w-surface); }
.w-icon-ticked { fill: currentColor; }
.w-icon-box { display: inline-flex; flex: none; }
.w-icon-xs .w-icon { width: 12px; height: 12px; }
.w-icon-sm .w-icon { width: 14px; height: 14px; }
.w-icon-md .w-icon { width: 18px; height: 18px; }
.w-icon-lg .w-icon { width: 20px; height: 20px; }
.w-icon-xl .w-icon { width: 24px; height: 24px; }
.w-icon-2xl .w-icon { width: 28px; height: 28px; }
.w-icon-3xl .w-icon { width: 36px; height: 36px; }

.w-badge {
  display: inline-flex;
  align-items: center;
  max-width: 100%;
  border: 1px solid transparent;
  border-radius: 6px;
  font-weight: 500;
  line-height: 1.35;
}
.w-badge-sm { padding: 0 5px; font-size: calc(var(--w-size) * 0.6875); }
.w-badge-md { padding: 1px 7px; font-size: calc(var(--w-size) * 0.75); }
.w-badge-lg { padding: 3px 9px; font-size: calc(var(--w-size) * 0.8125); }
.ckw .w-badge.w-pill { border-radius: 999px; }

/* On a tone, white or black. */
[class*="w-tone-"] { --t-on: oklch(from var(--t) clamp(0.16, calc((0.6 - l) * 1000), 0.99) 0 0); }
.w-tone-primary { --t: var(--w-primary); --t-on: var(--w-on-primary); --t-ink: var(--w-text); }
.w-tone-secondary { --t: var(--w-text-secondary); --t-ink: var(--w-text); }
.w-tone-success { --t: var(--w-success); --t-ink: var(--w-success); }
.w-tone-danger { --t: var(--w-danger); --t-ink: var(--w-danger); }
.w-tone-warning, .w-tone-caution { --t: var(--w-warning); --t-ink: var(--w-warning); }
.w-tone-info { --t: var(--w-info); --t-ink: var(--w-info); }
.w-tone-discovery { --t: var(--w-discovery); --t-ink: var(--w-discovery); }
.w-badge.w-variant-solid { background: var(--t); color: var(--t-on); }
/* Its tint lowers the contrast of a text; a share of the text color restores it. */
.w-badge.w-variant-soft {
  background: color-mix(in oklab, var(--w-soft-tint, var(--t)) 11%, transparent);
  color: color-mix(in oklab, var(--t-ink) 80%, var(--w-text));
}
.w-badge.w-variant-outline { border-color: color-mix(in oklab, var(--t) 40%, transparent); color: var(--t-ink); }
`;
