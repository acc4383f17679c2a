/** Styles of frames, rows and columns, lists, tables and images. */
export const containerStyles = `
.ckw {
  display: block;
  max-width: 100%;
  min-width: 0;
  color: var(--w-text);
  font-size: var(--w-size);
  line-height: 1.5;
  text-align: start;
  overflow-wrap: anywhere;
  transition: opacity 160ms ease;
}
.ckw *, .ckw *::before, .ckw *::after { box-sizing: border-box; }
.ckw :where(p, h3, ul, figure, table, form) { margin: 0; padding: 0; }
.ckw :where(button, input, select, textarea) { font: inherit; color: inherit; margin: 0; }
.ckw :focus-visible { outline: 2px solid var(--w-focus); outline-offset: 2px; }
.ckw-held { opacity: 0.55; }

.w-theme-light, .w-theme-dark { color: var(--w-text); }
.w-basic.w-theme-light, .w-basic.w-theme-dark { background: var(--w-surface); }

.w-card {
  --w-pad-top: 16px; --w-pad-bottom: 16px; --w-pad-left: 16px; --w-pad-right: 16px;
  display: block;
  width: 100%;
  max-width: 440px;
  border: 1px solid var(--w-border);
  border-radius: var(--w-radius);
  background: var(--w-surface);
  box-shadow: var(--w-shadow);
  overflow: clip;
}
.w-card-sm { max-width: 360px; }
.w-card-lg { max-width: 560px; }
.w-card-full { max-width: none; }
.w-card-body, .w-list { overflow-x: auto; scrollbar-width: thin; }
.w-card-body {
  gap: 12px;
  padding: var(--w-pad-top) var(--w-pad-right) var(--w-pad-bottom) var(--w-pad-left);
}
.w-card > .w-status, .w-list-status { padding: 12px 16px 0; }
.w-list-status { padding: 10px 14px; border-block-end: 1px solid var(--w-border-subtle); }
.w-card-footer {
  display: flex;
  flex-wrap: wrap;
  justify-content: flex-end;
  gap: 8px;
  padding: 0 var(--w-pad-right) var(--w-pad-bottom) var(--w-pad-left);
}
.w-card-toggle {
  display: flex;
  align-items: center;
  gap: 8px;
  width: 100%;
  min-height: 44px;
  padding: 8px 16px;
  border: 0;
  background: none;
  text-align: start;
  cursor: pointer;
}
.w-card-toggle:hover { background: var(--w-hover); }
.w-card-toggle:focus-visible { outline-offset: -2px; }
.w-card-summary { flex: 1; min-width: 0; }
.w-card-toggle .w-icon { transition: transform 160ms ease; }
.ckw .icon-directed:dir(rtl) { transform: scaleX(-1); }
.ckw .w-icon.w-turned:not(:empty) { transform: rotate(180deg); }

.w-status {
  display: flex;
  align-items: center;
  gap: 8px;
  color: var(--w-text-secondary);
  font-size: calc(var(--w-size) * 0.8125);
}
.w-status .w-icon, .w-favicon { width: 16px; height: 16px; flex: none; }
.w-favicon { border-radius: 4px; object-fit: cover; }
.w-favicon-frame { width: 20px; height: 20px; padding: 2px; border: 1px solid var(--w-border); background: #fff; }

.w-box { display: flex; min-width: 0; }
.w-row { flex-direction: row; }
.w-col { display: flex; flex-direction: column; }
.w-row-open { align-items: center; }
.w-col-open { align-items: stretch; }
.w-col-open > :is(.w-badge, .w-button, .w-image, .w-icon-box, .w-image-link, .w-checkbox) { align-self: flex-start; }
.w-gap-small { gap: calc(var(--w-unit) * 1); }
.w-gap-medium { gap: calc(var(--w-unit) * 2); }
.w-row > :is(.w-text, .w-title, .w-caption, .w-markdown, .w-col) { min-width: 0; }
.w-row > .w-icon-box, .w-row > .w-badge, .w-row > .w-button { flex: none; }
.w-form { width: 100%; }
.w-spacer { flex: 1 1 0; min-width: 0; }
.w-divider {
  align-self: stretch;
  flex: none;
  width: auto;
  height: 0;
  margin: 0;
  border: 0;
  border-block-start: 1px solid var(--w-border);
}
.w-row > .w-divider { border-block-start: 0; border-inline-start: 1px solid var(--w-border); height: auto; }
.w-flush { margin-inline: calc(-1 * var(--w-pad-left, 0px)) calc(-1 * var(--w-pad-right, 0px)); }
.w-image.w-flush-edge { align-self: stretch; max-width: none; border-radius: 0; }
.w-flush-edge:first-child { margin-block-start: calc(-1 * var(--w-pad-top, 0px)); }
.w-flush-edge:last-child { margin-block-end: calc(-1 * var(--w-pad-bottom, 0px)); }
img.w-image.w-flush-edge { width: calc(100% + var(--w-pad-left, 0px) + var(--w-pad-right, 0px)); }
.w-transition { animation: w-enter 220ms ease both; }
@keyframes w-enter { from { opacity: 0; transform: translateY(4px); } }

.w-list-frame {
  width: 100%;
  border: 1px solid var(--w-border);
  border-radius: var(--w-radius);
  background: var(--w-surface);
  box-shadow: var(--w-shadow);
  overflow: clip;
}
.w-list { list-style: none; }
.w-item {
  position: relative;
  display: flex;
  align-items: center;
  min-height: 44px;
}
.w-item + .w-item { border-block-start: 1px solid var(--w-border-subtle); }
.w-item-content {
  position: relative;
  display: flex;
  flex: 1;
  gap: calc(var(--w-unit) * 2.5);
  min-width: 0;
  padding: 8px 14px;
}
.w-item-main {
  display: flex;
  flex: 1;
  flex-wrap: wrap;
  align-items: inherit;
  gap: calc(var(--w-unit) * 0.5) calc(var(--w-unit) * 2.5);
  min-width: 0;
}
/* Wrapped content is aligned with the text beside the checkbox. */
.w-item-main:has(> .w-checkbox:first-child) { padding-inline-start: 27px; }
.ckw .w-item-main > .w-checkbox:first-child { margin-inline-start: -27px; max-width: calc(100% + 27px); }
.w-item-end { display: flex; flex: none; align-items: center; gap: inherit; max-width: 60%; }
.w-item-main > :is(.w-col, .w-box) { flex: 1 1 0; min-width: min(100%, 8rem); }
.w-item-main > :is(.w-checkbox, .w-caption, .w-text) { max-width: 100%; }
.w-item-clickable > .w-item-content { pointer-events: none; }
.w-item-clickable > .w-item-content :is(a, button, input, select, textarea, label) { pointer-events: auto; }
.w-item-clickable:hover { background: var(--w-hover); }
.w-item-hit {
  position: absolute;
  inset: 0;
  width: 100%;
  border: 0;
  background: none;
  cursor: pointer;
}
.w-item-hit[aria-disabled] { cursor: default; }
.w-item-hit:focus-visible { outline-offset: -2px; }
.w-item.w-pending > .w-item-content { opacity: 0.5; }
.w-item > .w-spinner { position: absolute; inset-inline-end: 14px; }
.w-list-more {
  display: block;
  width: 100%;
  min-height: 40px;
  border: 0;
  border-block-start: 1px solid var(--w-border-subtle);
  background: none;
  color: var(--w-text-secondary);
  font-size: calc(var(--w-size) * 0.875);
  cursor: pointer;
}
.w-list-more:hover { background: var(--w-hover); color: var(--w-text); }
.w-list-more:focus-visible { outline-offset: -2px; }

.w-table-frame { width: 100%; overflow-x: auto; }
.w-table { width: 100%; border-collapse: collapse; font-size: calc(var(--w-size) * 0.9375); }
.w-cell { padding: 8px 10px; border-block-end: 1px solid var(--w-border-subtle); text-align: start; font-weight: inherit; overflow-wrap: normal; }
.w-table tr:last-child > .w-cell { border-block-end: 0; }
.w-cell:first-child { padding-inline-start: 0; }
.w-cell:last-child { padding-inline-end: 0; }
.w-table-header > .w-cell { font-weight: 600; border-block-end-color: var(--w-border); }
.w-cell-center { text-align: center; } .w-cell-end { text-align: end; }
.w-cell-v-start { vertical-align: top; } .w-cell-v-center { vertical-align: middle; } .w-cell-v-end { vertical-align: bottom; }
.w-cell-xs { width: 10%; } .w-cell-sm { width: 20%; } .w-cell-md { width: 33%; } .w-cell-lg { width: 50%; } .w-cell-xl { width: 66%; }

.w-image { display: block; max-width: 100%; border-radius: var(--w-radius-field); object-fit: cover; }
.w-image-frame { border: 1px solid var(--w-border); }
.w-image-link, .w-image-missing {
  display: inline-flex;
  align-items: center;
  gap: 8px;
  max-width: 100%;
  padding: 8px 12px;
  border: 1px solid var(--w-border);
  border-radius: var(--w-radius-field);
  color: inherit;
  font-size: calc(var(--w-size) * 0.875);
}
.w-image-missing { background: var(--w-surface-2); color: var(--w-text-secondary); overflow: hidden; }
.w-image-link:hover { background: var(--w-hover); }

.w-fallback {
  display: flex;
  flex-direction: column;
  gap: 8px;
  padding: 10px 12px;
  border: 1px dashed var(--w-border-strong);
  border-radius: var(--w-radius-field);
}
.w-fallback-note { color: var(--w-text-secondary); font-size: calc(var(--w-size) * 0.8125); }
.w-hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
@media (prefers-reduced-motion: reduce) {
  .ckw *, .ckw { animation-duration: 0.01ms !important; transition: none !important; }
  .w-spinner { animation-duration: 2s !important; }
}
`;
