/** Converts a draft's parts to the field's text and back. A tag is written as `@` and its text. */

import type { UserMessageContent, UserMessageTagContent } from "../../core/types";

/** Returns the field's text. */
export function toText(content: readonly UserMessageContent[]): string {
  return content.map((part) => (part.type === "input_tag" ? `@${part.text}` : part.text)).join("");
}

/** Returns a draft's tags. */
export function tagsOf(content: readonly UserMessageContent[]): readonly UserMessageTagContent[] {
  return content.filter((part) => part.type === "input_tag");
}

/**
 * Finds known tags in a text. An edited tag becomes plain text; tags of the same name keep their
 * order.
 */
export function toContent(
  text: string,
  tags: readonly UserMessageTagContent[],
): readonly UserMessageContent[] {
  const remaining = [...tags];
  const parts: UserMessageContent[] = [];
  let plain = "";
  let position = 0;
  const flush = (): void => {
    if (plain !== "") parts.push({ type: "input_text", text: plain });
    plain = "";
  };
  while (position < text.length) {
    const tag = text[position] === "@" ? longestAt(text, position, remaining) : null;
    if (tag) {
      flush();
      parts.push(tag);
      remaining.splice(remaining.indexOf(tag), 1);
      position += tag.text.length + 1;
    } else {
      plain += text[position];
      position += 1;
    }
  }
  flush();
  return parts;
}

function longestAt(
  text: string,
  position: number,
  tags: readonly UserMessageTagContent[],
): UserMessageTagContent | null {
  const fitting = tags.filter((tag) => text.startsWith(tag.text, position + 1));
  if (fitting.length === 0) return null;
  return fitting.reduce((best, tag) => (tag.text.length > best.text.length ? tag : best));
}

export type Trigger = { kind: "mention" | "command"; query: string; start: number };

/** Returns the trigger before the cursor: `@query`, or `/query` position the start of the text. */
export function triggerAt(text: string, cursor: number): Trigger | null {
  const before = text.slice(0, cursor);
  const command = /^\/([^\s/]{0,40})$/u.exec(before);
  if (command) return { kind: "command", query: command[1] ?? "", start: 0 };
  const mention = /(?:^|[\s(])@([^\s@]{0,40})$/u.exec(before);
  if (!mention) return null;
  const query = mention[1] ?? "";
  return { kind: "mention", query, start: cursor - query.length - 1 };
}
