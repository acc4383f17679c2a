/** A draft's parts as the text in the field, and back. A tag is written `@its text`. */

import type { UserMessageContent, UserMessageTagContent } from "../../core/types";

/** What stands in the field. */
export function toText(content: readonly UserMessageContent[]): string {
  return content.map((part) => (part.type === "input_tag" ? `@${part.text}` : part.text)).join("");
}

/** The tags of a draft. */
export function tagsOf(content: readonly UserMessageContent[]): readonly UserMessageTagContent[] {
  return content.filter((part) => part.type === "input_tag");
}

/**
 * Finds known tags in a text again. One that was changed by hand is plain text; tags of the same
 * name keep their order.
 */
export function toContent(
  text: string,
  tags: readonly UserMessageTagContent[],
): readonly UserMessageContent[] {
  const left = [...tags];
  const parts: UserMessageContent[] = [];
  let plain = "";
  let at = 0;
  const flush = (): void => {
    if (plain !== "") parts.push({ type: "input_text", text: plain });
    plain = "";
  };
  while (at < text.length) {
    const here = text[at] === "@" ? longestAt(text, at, left) : null;
    if (here) {
      flush();
      parts.push(here);
      left.splice(left.indexOf(here), 1);
      at += here.text.length + 1;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return parts;
}

function longestAt(
  text: string,
  at: number,
  tags: readonly UserMessageTagContent[],
): UserMessageTagContent | null {
  const fitting = tags.filter((tag) => text.startsWith(tag.text, at + 1));
  if (fitting.length === 0) return null;
  return fitting.reduce((best, tag) => (tag.text.length > best.text.length ? tag : best));
}

export type Trigger = { kind: "mention" | "command"; query: string; start: number };

/** Whether the cursor stands behind `@something`, or behind `/something` that begins the text. */
export function triggerAt(text: string, cursor: number): Trigger | null {
  const before = text.slice(0, cursor);
  const command = /^\/([^\s/]{0,40})$/u.exec(before);
  if (command) return { kind: "command", query: command[1] ?? "", start: 0 };
  const mention = /(?:^|[\s(])@([^\s@]{0,40})$/u.exec(before);
  if (!mention) return null;
  const query = mention[1] ?? "";
  return { kind: "mention", query, start: cursor - query.length - 1 };
}
