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
  /* Unlike "anywhere", keeps words whole while a row can shrink otherwise. */
  overflow-wrap: break-word;
  transition: opacity 160ms ease;
}
.ckw *, .ckw *::before, .ckw *::after { box-sizing: border-box; }
.ckw :where(p, h3, ul, figure, table, form) { margin: 0; padding: 0; }
.ckw :where(p, h3) { min-width: auto; }
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
/* Also where the body extends to the card's edges. */
.w-card-footer {
  display: flex;
  flex-wrap: wrap;
  justify-content: flex-end;
  gap: 8px;
  padding: max(0px, 12px - var(--w-pad-bottom)) max(12px, var(--w-pad-right)) max(12px, var(--w-pad-bottom)) max(12px, var(--w-pad-left));
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
.w-status > span { min-width: 0; }
.w-status .w-icon, .w-favicon { width: 16px; height: 16px; flex: none; }
.w-favicon { border-radius: 4px; object-fit: cover; }
.w-favicon-frame { width: 20px; height: 20px; padding: 2px; border: 1px solid var(--w-border); background: #fff; }

.w-box { display: flex; max-width: 100%; }
.w-row[data-w-tight], .w-item-main[data-w-tight] { flex-wrap: wrap; }
.w-row > * { max-width: 100%; }
.w-row { flex-direction: row; }
.w-col { display: flex; flex-direction: column; }
.w-row-open { align-items: center; }
.w-col-open { align-items: stretch; }
.w-col-open > :is(.w-badge, .w-button, .w-image, .w-icon-box, .w-image-link, .w-checkbox) { align-self: flex-start; }
.w-gap-small { gap: calc(var(--w-unit) * 1); }
.w-gap-medium { gap: calc(var(--w-unit) * 2); }
.w-row > .w-markdown { flex: 1 1 auto; }
.w-row > :is(.w-icon-box, .w-badge, .w-button) { flex: none; }
.w-row > .w-image { flex-shrink: 0; }
/* An image of any size leaves its neighbors their place. */
.w-row > .w-image[style*="flex"] { min-width: 0; }
:is(.w-row, .w-item-main) > .w-image-natural { max-width: 30%; }
/* A control is as wide as its longest word. */
.w-row > :is(.w-checkbox, .w-radio, .w-radios, .w-date-frame) { min-width: auto; }
.w-row > .w-block { flex: 1 1 0; width: auto; }
.w-form { width: 100%; }
.w-spacer { flex: 1 1 0; min-width: 0; }
.w-divider {
  align-self: stretch;
  flex: none;
  width: auto;
  height: 0;
  margin: 0;
  margin-block: var(--w-divider-space, 0);
  border: 0 solid var(--w-divider-color, var(--w-border));
  border-block-start-width: var(--w-divider-size, 1px);
}
.w-row > .w-divider {
  height: auto;
  margin: 0 var(--w-divider-space, 0);
  border-width: 0;
  border-inline-start-width: var(--w-divider-size, 1px);
}
.w-flush { margin-inline: calc(-1 * var(--w-pad-left, 0px)) calc(-1 * var(--w-pad-right, 0px)); }
.w-image.w-flush-edge { align-self: stretch; max-width: none; border-radius: 0; }
.w-flush-edge:first-child { margin-block-start: calc(-1 * var(--w-pad-top, 0px)); }
.w-flush-edge:last-child { margin-block-end: calc(-1 * var(--w-pad-bottom, 0px)); }
.ckw .w-image.w-flush-edge { width: calc(100% + var(--w-pad-left, 0px) + var(--w-pad-right, 0px)); }
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
  --w-pad-top: 8px; --w-pad-bottom: 8px; --w-pad-left: 14px; --w-pad-right: 14px;
}
.w-item-main {
  display: flex;
  flex: 1;
  align-items: inherit;
  gap: inherit;
  min-width: 0;
}
.w-item-main:is([data-w-tight], :has(> .w-checkbox:first-child)) {
  flex-wrap: wrap;
  row-gap: calc(var(--w-unit) * 0.5);
}
/* Wrapped content is aligned with the text beside the checkbox. */
.w-item-main:has(> .w-checkbox:first-child) { padding-inline-start: 27px; }
.ckw .w-item-main > .w-checkbox:first-child { margin-inline-start: -27px; max-width: calc(100% + 27px); }
.w-item-end { display: flex; flex: none; align-items: center; gap: inherit; max-width: 60%; }
.w-item-main > * { max-width: 100%; }
.w-item-main > :is(.w-stretch:not(.w-sized), .w-markdown, .w-box:only-child:not(.w-sized)) { flex: 1 1 0; }
.w-item-main > :is(.w-icon-box, .w-badge, .w-button, .w-image) { flex: none; }
.w-item-main > .w-block { flex: 1 1 0; }
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
  min-height: 44px;
  padding: 8px 14px;
  border: 0;
  border-block-start: 1px solid var(--w-border-subtle);
  text-align: start;
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
/* The place of an image that isn't shown; opaque, since it may be on any background. */
.w-image-place {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: 6px;
  max-width: 100%;
  padding: 8px 12px;
  border: 1px solid var(--w-border);
  background: var(--w-place);
  color: var(--w-field-text);
  font-size: calc(var(--w-size) * 0.8125);
  line-height: 1.3;
  text-decoration: none;
}
.w-image-place .w-icon { width: 18px; height: 18px; }
.w-image-words { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; min-width: 0; max-width: 100%; overflow: hidden; overflow-wrap: anywhere; }
a.w-image-place .w-image-words { text-decoration: underline; text-underline-offset: 2px; }
.w-image-sized { container-type: size; width: 100%; flex-direction: column; padding: 4px; text-align: center; overflow: hidden; }
/* Where there is no room for words, the title has them. */
@container (width < 84px) or (height < 64px) {
  .w-image-sized > .w-image-words { position: absolute; width: 1px; height: 1px; clip-path: inset(50%); }
}
:is(.w-row, .w-item-main) > .w-image-unnamed > .w-image-words { position: absolute; width: 1px; height: 1px; clip-path: inset(50%); }
@container (height < 128px) {
  .w-image-sized > .w-image-words { -webkit-line-clamp: 2; }
}

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
