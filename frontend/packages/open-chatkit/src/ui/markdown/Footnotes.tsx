import { useContext } from "preact/hooks";
import { Blocks } from "./BlockView";
import { focusIn } from "./focusIn";
import { FootnotesContext } from "./footnoteNumbers";
import { MarkdownContext } from "./MarkdownContext";

/** The footnotes at the end of a text. */
export function Footnotes() {
  const { labels } = useContext(MarkdownContext);
  const notes = [...useContext(FootnotesContext).notes.values()];
  return (
    <section class="md-notes" aria-label={labels.footnotes}>
      <ol>
        {notes.map(({ number, note, isUsed }) => (
          <li key={number} data-note={number} tabIndex={-1} dir="auto">
            <Blocks tokens={note.tokens} open={false} />
            {isUsed && (
              <button
                type="button"
                class="link md-note-back"
                aria-label={labels.backToText(number)}
                title={labels.backToText(number)}
                onClick={(event) => focusIn(event.currentTarget, `[data-mark="${number}"]`)}
              >
                ↩
              </button>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
