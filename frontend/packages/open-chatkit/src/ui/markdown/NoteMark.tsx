import { useContext } from "preact/hooks";
import { focusIn } from "./focusIn";
import { FootnotesContext } from "./footnoteNumbers";
import type { NoteMarkToken } from "./lexer";
import { MarkdownContext } from "./MarkdownContext";
import { decodeEntities, withoutMarks } from "./text";

/** A reference to a footnote; shown as source if there is none. */
export function NoteMark({ label, raw }: NoteMarkToken) {
  const { labels } = useContext(MarkdownContext);
  const { notes, open } = useContext(FootnotesContext);
  const found = notes.get(label);
  if (!found && open && /^\w+$/u.test(label)) return <sup>{label}</sup>;
  if (!found) return <>{decodeEntities(withoutMarks(raw))}</>;
  const { number, note } = found;
  return (
    <sup>
      <button
        type="button"
        class="link md-note-mark"
        data-mark={number}
        aria-label={labels.footnote(number)}
        title={withoutMarks(note.raw.replace(/^[^:]*:/u, "")).trim()}
        onClick={(event) => focusIn(event.currentTarget, `[data-note="${number}"]`)}
      >
        {number}
      </button>
    </sup>
  );
}
