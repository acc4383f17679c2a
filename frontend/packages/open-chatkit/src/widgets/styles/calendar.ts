/** Styles of the date picker's calendar. */
export const calendarStyles = `
.w-calendar {
  position: fixed;
  inset: auto;
  margin: 0;
  padding: 10px;
  border: 1px solid var(--w-border);
  border-radius: var(--w-radius);
  background: var(--w-elevated);
  color: var(--w-text);
  box-shadow: var(--w-shadow-menu);
  z-index: 10;
  font-size: calc(var(--w-size) * 0.875);
}
.w-calendar-head { display: flex; align-items: center; gap: 4px; }
.w-calendar-title { flex: 1; font-weight: 600; text-align: center; }
.w-calendar-turn {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  width: 36px;
  height: 36px;
  padding: 0;
  border: 0;
  border-radius: 999px;
  background: none;
  cursor: pointer;
}
.w-calendar-turn:hover, .w-day:hover { background: var(--w-hover); }
.w-calendar-grid { border-collapse: collapse; margin-block-start: 4px; }
.w-calendar-grid th { text-align: center; height: 28px; font-size: calc(var(--w-size) * 0.75); font-weight: 500; color: var(--w-text-secondary); }
.w-calendar-grid td { padding: 1px; }
.w-day {
  display: flex;
  align-items: center;
  justify-content: center;
  width: 36px;
  height: 36px;
  padding: 0;
  border: 1px solid transparent;
  border-radius: 999px;
  background: none;
  font-variant-numeric: tabular-nums;
  cursor: pointer;
}
.w-day-beside { color: var(--w-text-tertiary); }
.w-day-today { border-color: var(--w-border-strong); }
.w-day.w-day-chosen { background: var(--w-primary); color: var(--w-on-primary); }
.w-day:disabled, .w-calendar-turn:disabled { opacity: 0.35; cursor: default; background: none; }
`;
