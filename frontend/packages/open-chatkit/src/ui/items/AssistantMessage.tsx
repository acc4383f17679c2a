import { useMemo } from "preact/hooks";
import type { AssistantMessageItem } from "../../core/types";
import { useT, useUi } from "../context";
import { Markdown } from "../markdown/Markdown";
import { MarkdownContext, type MarkdownPlace } from "../markdown/MarkdownContext";
import { insertMarks } from "../markdown/text";
import { Citation, Sources } from "./Sources";
import { numberSources } from "./sources";

export type AssistantMessageProps = {
  item: AssistantMessageItem;
  /** More of it comes. */
  open: boolean;
};

/** What the assistant said. */
export function AssistantMessage({ item, open }: AssistantMessageProps) {
  const ui = useUi();
  const t = useT();
  const allowed = ui.chat.thread.value?.allowed_image_domains;
  const { sources, marks } = useMemo(() => numberSources(item.content), [item.content]);
  const place = useMemo<MarkdownPlace>(
    () => ({
      allowedImageHosts: allowed ?? [],
      onDeeplink: (link) => ui.emit("chatkit.deeplink", link),
      renderCitation: (number) => {
        const found = sources[number - 1];
        return found ? <Citation key={`citation ${number}`} {...found} /> : null;
      },
      labels: {
        copy: t("copyCode"),
        copied: t("copied"),
        imageFrom: (host) => t("imageFrom", { host }),
      },
    }),
    [allowed, sources, t, ui],
  );
  if (item.content.every((part) => part.text === "") && !open) return null;
  return (
    <article class="assistant-message" part="message assistant-message">
      <h2 class="visually-hidden">{t("assistantSaid")}</h2>
      <MarkdownContext.Provider value={place}>
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
