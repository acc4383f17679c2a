import type { Ref } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { UserMessageContent } from "../../core/types";
import { useUi } from "../context";
import { toText } from "./draftText";
import { enterSends } from "./enterSends";

export type FieldProps = {
  fieldRef: Ref<HTMLTextAreaElement>;
  label: string;
  placeholder: string;
  onInput: (text: string) => void;
  onKeyDown: (event: KeyboardEvent) => void;
  /** The cursor has moved. */
  onSelect: () => void;
  onBlur: () => void;
  onPasteFiles: (files: readonly File[]) => void;
  /** The ID of the list of suggestions, while it is shown. */
  listId: string | undefined;
  optionId: string | undefined;
};

/** Renders tags behind the field's transparent text, at the same positions. */
function Backdrop({ content }: { content: readonly UserMessageContent[] }) {
  return (
    <div class="field-backdrop" aria-hidden="true" dir="auto">
      {content.map((part, index) =>
        part.type === "input_tag" ? (
          <mark key={`${part.id} ${index}`}>@{part.text}</mark>
        ) : (
          part.text
        ),
      )}
      {"\u200b"}
    </div>
  );
}

/** The text field. It grows with its text: both layers share one grid cell. */
export function Field(props: FieldProps) {
  const { composer } = useUi().chat;
  const { content } = composer.draft.value;
  const text = toText(content);
  const wrap = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a longer text moves the scroll offset
  useLayoutEffect(() => {
    const area = wrap.current?.querySelector("textarea");
    const backdrop = wrap.current?.querySelector<HTMLElement>(".field-backdrop");
    if (area && backdrop) backdrop.scrollTop = area.scrollTop;
  }, [text]);
  return (
    <div class="field-wrap" ref={wrap}>
      <Backdrop content={content} />
      <textarea
        ref={props.fieldRef}
        class="field-area"
        part="input"
        rows={1}
        dir="auto"
        enterkeyhint={enterSends() ? "send" : "enter"}
        value={text}
        placeholder={props.placeholder}
        aria-label={props.label}
        aria-autocomplete="list"
        aria-controls={props.listId}
        aria-activedescendant={props.optionId}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        onKeyDown={props.onKeyDown}
        onKeyUp={props.onSelect}
        onClick={props.onSelect}
        onBlur={props.onBlur}
        onScroll={(event) => {
          const backdrop = event.currentTarget.previousElementSibling;
          if (backdrop) backdrop.scrollTop = event.currentTarget.scrollTop;
        }}
        onPaste={(event) => {
          const files = [...(event.clipboardData?.files ?? [])];
          if (files.length === 0) return;
          event.preventDefault();
          props.onPasteFiles(files);
        }}
      />
    </div>
  );
}
