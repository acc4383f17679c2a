import type { Entity } from "@openai/chatkit";
import type { Attachment, UserMessageContent, UserMessageTagContent } from "../../core/types";
import { isVisible } from "../../core/visibleText";
import { Icon } from "../../icons/Icon";
import { ImageLink } from "../common/ImageLink";
import { useT, useUi } from "../context";
import { TagPreview } from "./TagPreview";
import { useFileImage } from "./useFileImage";

function stringData(data: Record<string, unknown> | undefined): Record<string, string> {
  const pairs = Object.entries(data ?? {}).map(([key, value]) => [key, String(value)] as const);
  return Object.fromEntries(pairs);
}

/** Converts a message's tag to its entity. */
export function tagEntity(tag: UserMessageTagContent): Entity {
  return {
    id: tag.id,
    title: tag.text,
    interactive: tag.interactive ?? false,
    ...(tag.group ? { group: tag.group } : {}),
    data: stringData(tag.data),
  };
}

function Tag({ tag }: { tag: UserMessageTagContent }) {
  const ui = useUi();
  const { onClick } = ui.options.value.entities ?? {};
  const entity = tagEntity(tag);
  const label = `@${tag.text}`;
  return (
    <TagPreview entity={entity}>
      {tag.interactive && onClick ? (
        <button type="button" class="tag" onClick={() => onClick(entity)}>
          {label}
        </button>
      ) : (
        <span class="tag">{label}</span>
      )}
    </TagPreview>
  );
}

function Content({ content }: { content: readonly UserMessageContent[] }) {
  return (
    <>
      {content.map((part, index) =>
        // Parts of a sent message don't move, so the index is a stable key.
        part.type === "input_text" ? part.text : <Tag key={`${part.id} ${index}`} tag={part} />,
      )}
    </>
  );
}

function SentFile({ attachment }: { attachment: Attachment }) {
  const t = useT();
  const image = useFileImage(attachment.type === "image" ? attachment.preview_url : null);
  if (image.kind === "shown") {
    return <img class="sent-image" src={image.src} alt={attachment.name} loading="lazy" />;
  }
  if (image.kind === "linked") {
    const label = (host: string) => t("imageFrom", { host });
    return <ImageLink source={image} alt={attachment.name} label={label} />;
  }
  return (
    <span class="sent-file">
      <Icon name="document" size={18} />
      <bdi>{attachment.name}</bdi>
    </span>
  );
}

export type UserMessageProps = {
  /** Set once the server has the message. */
  id?: string;
  content: readonly UserMessageContent[];
  attachments: readonly Attachment[];
  quotedText: string | null;
  status?: "sending" | "failed" | undefined;
};

/** A message of the user with its files. */
export function UserMessage({ id, content, attachments, quotedText, status }: UserMessageProps) {
  const t = useT();
  const hasText = content.some((part) => part.type === "input_tag" || isVisible(part.text));
  return (
    <article class={`user-message ${status ?? ""}`} part="message user-message" data-item={id}>
      <h2 class="visually-hidden">{t("youSaid")}</h2>
      {quotedText && (
        <blockquote class="quoted" dir="auto">
          {quotedText}
        </blockquote>
      )}
      {attachments.length > 0 && (
        <div class="sent-files">
          {attachments.map((attachment) => (
            <SentFile key={attachment.id} attachment={attachment} />
          ))}
        </div>
      )}
      {hasText && (
        <div class="bubble" part="user-bubble" dir="auto">
          <Content content={content} />
        </div>
      )}
      {status === "failed" && <span class="user-status">{t("notSent")}</span>}
    </article>
  );
}
