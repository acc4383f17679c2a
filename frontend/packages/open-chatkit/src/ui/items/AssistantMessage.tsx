import { useContext, useMemo } from "preact/hooks";
import type { AssistantMessageItem } from "../../core/types";
import { useT } from "../context";
import { Markdown } from "../markdown/Markdown";
import { MarkdownContext, type MarkdownSettings } from "../markdown/MarkdownContext";
import { insertMarks } from "../markdown/text";
import { Citation, Sources } from "./Sources";
import { numberSources } from "./sources";

export type AssistantMessageProps = {
  item: AssistantMessageItem;
  /** True while the message is streaming. */
  open: boolean;
};

/** A message of the assistant. */
export function AssistantMessage({ item, open }: AssistantMessageProps) {
  const t = useT();
  const around = useContext(MarkdownContext);
  const { sources, marks } = useMemo(
    () => numberSources(item.content),
    // biome-ignore lint/correctness/useExhaustiveDependencies: new sources re-render all blocks, so not for text alone
    item.content.map((part) => part.annotations),
  );
  const settings = useMemo<MarkdownSettings>(
    () => ({
      ...around,
      renderCitation: (number) => {
        const found = sources[number - 1];
        return found ? <Citation key={`citation ${number}`} {...found} /> : null;
      },
    }),
    [around, sources],
  );
  if (item.content.every((part) => part.text === "") && !open) return null;
  return (
    <article class="assistant-message" part="message assistant-message" data-item={item.id}>
      <h2 class="visually-hidden">{t("assistantSaid")}</h2>
      <MarkdownContext.Provider value={settings}>
        {item.content.map((part, index) => (
          <Markdown
            key={index}
            text={insertMarks(part.text, marks[index] ?? [])}
            streaming={open}
          />
        ))}
      </MarkdownContext.Provider>
      {!open && <Sources sources={sources} />}
    </article>
  );
}
