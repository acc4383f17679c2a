/** Styles of form fields. */
export const fieldStyles = `
.w-input, .w-textarea, .w-select, .w-date {
  width: 100%;
  min-width: 0;
  border-color: var(--w-border-strong);
  border-radius: var(--w-radius-field);
  background: var(--w-input);
  color: var(--w-field-text);
  text-align: start;
}
.w-input.w-variant-soft, .w-textarea.w-variant-soft, .w-select.w-variant-soft, .w-date.w-variant-soft,
.w-select.w-variant-solid, .w-date.w-variant-solid { border-color: transparent; background: var(--w-surface-3); }
.w-select.w-variant-ghost, .w-date.w-variant-ghost { border-color: transparent; background: none; color: var(--w-text); }
/* A field without a background has the colors of its surface. */
:is(.w-select-line, .w-date-frame):has(> .w-variant-ghost) { --w-field-quiet: var(--w-text-tertiary); }
.w-select.w-variant-ghost:hover, .w-date.w-variant-ghost:hover { background: var(--w-hover); }
.w-textarea { display: block; padding-block: 8px; line-height: 1.45; resize: vertical; }
.w-input::placeholder, .w-textarea::placeholder, .w-editable::placeholder { color: var(--w-field-quiet); opacity: 1; }
.w-editable:not(:focus)::placeholder { color: var(--w-text-tertiary); }
.ckw :is(.w-input, .w-textarea, .w-select, .w-date):focus-visible { outline-offset: 0; }
.w-input:user-invalid, .w-textarea:user-invalid, .w-select:user-invalid, .w-editable:user-invalid { border-color: var(--w-danger); }
:is(.w-input, .w-textarea, .w-select, .w-date):disabled { opacity: 0.55; cursor: default; }
.w-row > :is(.w-input, .w-textarea) { flex: 1 1 8rem; width: auto; }
.w-row > .w-editable:not([style*="width"]) { flex: 1 1 6rem; width: auto; min-width: 0; }
@media (pointer: coarse) {
  /* Phones zoom into fields with smaller text. */
  .w-input, .w-textarea, .w-select, .w-editable { font-size: max(16px, var(--c-text, 16px)); }
  .w-input, .w-textarea, .w-select, .w-date { min-height: max(44px, var(--c-height)); }
}

.w-select-frame, .w-date-frame { position: relative; min-width: 0; max-width: 100%; }
.w-row > :is(.w-select-frame, .w-date-frame):not(.w-block) { width: auto; }
.w-date-frame { display: flex; align-items: center; }
.w-select-line { position: relative; display: flex; align-items: center; width: 100%; }
.w-select { appearance: none; padding-inline-end: 34px; text-overflow: ellipsis; cursor: pointer; }
.w-select option { background: Canvas; color: CanvasText; }
.w-select-arrow, .w-select-line > .w-spinner { position: absolute; inset-inline-end: 11px; width: 16px; height: 16px; pointer-events: none; color: var(--w-field-quiet); }
.w-select-line:has(.w-clear) > .w-select { padding-inline-end: 62px; }
.w-select-line > .w-clear { position: absolute; inset-inline-end: 32px; }
button.w-select { overflow: hidden; white-space: nowrap; }
.w-search {
  position: fixed;
  inset: auto;
  margin: 0;
  padding: 6px;
  width: min(20rem, calc(100vw - 16px));
  border: 1px solid var(--w-border);
  border-radius: var(--w-radius);
  background: var(--w-elevated);
  color: var(--w-text);
  box-shadow: var(--w-shadow-menu);
  z-index: 10;
}
.w-search-list { max-height: min(18rem, 50vh); overflow-y: auto; overscroll-behavior: contain; margin-block-start: 4px; }
.w-search-none { padding: 8px 10px; font-size: calc(var(--w-size) * 0.875); color: var(--w-text-secondary); }
.w-search-option { display: flex; font-size: calc(var(--w-size) * 0.875); align-items: center; gap: 8px; padding: 8px 10px; border-radius: var(--w-radius-field); cursor: pointer; }
.w-search-option[data-active] { background: var(--w-hover); }
.w-search-option[aria-disabled] { opacity: 0.5; cursor: default; }
.w-search-option > span { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.w-search-option small { display: block; unicode-bidi: plaintext; color: var(--w-text-secondary); font-size: calc(var(--w-size) * 0.8125); }
.w-search-option .w-icon { width: 16px; height: 16px; }
.w-select-about { margin-block-start: 4px; color: var(--w-text-secondary); font-size: calc(var(--w-size) * 0.8125); }
.w-select.w-empty, .w-date.w-empty { color: var(--w-field-quiet); }
.w-date { display: flex; align-items: center; gap: 8px; cursor: pointer; }
.w-date .w-icon { width: 16px; height: 16px; color: var(--w-field-quiet); }
.w-date-text { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.w-row .w-date-text { min-width: auto; }
.w-date-frame:has(.w-clear) > .w-date { padding-inline-end: 38px; }
.w-date-frame > .w-clear { position: absolute; inset-inline-end: 6px; }
.w-clear {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  width: 26px;
  height: 26px;
  padding: 0;
  border: 0;
  border-radius: 999px;
  background: none;
  color: var(--w-field-quiet);
  cursor: pointer;
}
.w-clear:hover { background: var(--w-hover); }
.w-clear .w-icon { width: 14px; height: 14px; }

.w-checkbox, .w-radio { display: inline-flex; align-items: flex-start; gap: 9px; min-width: 0; max-width: 100%; cursor: pointer; }
.w-tick-box { position: relative; display: inline-flex; align-items: center; justify-content: center; flex: none; width: 18px; height: 1.5em; }
.w-tick, .w-dot {
  appearance: none;
  flex: none;
  width: 18px;
  height: 18px;
  border: 1.5px solid var(--w-border-strong);
  border-radius: 5px;
  background: var(--w-input);
  cursor: inherit;
  transition: background-color 120ms ease, border-color 120ms ease;
}
.w-tick { border-color: color-mix(in oklab, var(--w-text) 45%, transparent); }
.w-dot { margin-block-start: calc((1.5em - 18px) / 2); border-radius: 50%; border-color: color-mix(in oklab, var(--w-text) 45%, transparent); }
.w-checkbox:hover .w-tick, .w-radio:hover .w-dot { border-color: var(--w-text); }
.w-tick:checked { border-color: var(--w-primary); background: var(--w-primary); }
.w-dot:checked { border: 5.5px solid var(--w-primary); }
.w-tick:user-invalid, .w-dot:user-invalid { border-color: var(--w-danger); }
.w-tick-mark { position: absolute; width: 14px; height: 14px; color: var(--w-on-primary); pointer-events: none; stroke-width: 3; opacity: 0; }
.w-tick:checked ~ .w-tick-mark { opacity: 1; }
.w-tick-box > .w-spinner { position: absolute; width: 12px; height: 12px; pointer-events: none; }
.w-tick:checked ~ .w-spinner { color: var(--w-on-primary); }
.w-choice-label { min-width: auto; }
.w-off { cursor: default; }
.w-off:not(:has([aria-busy])) { opacity: 0.55; }
.w-radios { display: flex; gap: 8px; }
.w-radios.w-row { flex-wrap: wrap; gap: 6px 18px; }
/* A checkbox with this name marks its label as completed. */
.w-item .w-checkbox:has(:is([name="completed"], [name="done"]):checked) .w-choice-label { color: var(--w-text-secondary); text-decoration: line-through; }
@media (forced-colors: active) {
  .w-tick, .w-dot { appearance: auto; }
  .w-tick-mark { display: none; }
}
@media (pointer: coarse) {
  .w-checkbox, .w-radio { min-height: 44px; padding-block: calc((44px - 1.5em) / 2); }
  .w-clear { position: relative; width: 36px; height: 36px; }
  .w-clear::after { content: ""; position: absolute; inset: -4px; }
  .w-search-option { min-height: 44px; }
}
`;
