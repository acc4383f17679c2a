import { describe, expect, it } from "vitest";
import type { UserMessageTagContent } from "../../core/types";
import { toContent, toText, triggerAt } from "./draftText";

const tag = (id: string, text: string): UserMessageTagContent => ({ type: "input_tag", id, text });

describe("a draft with tags", () => {
  it("survives a round trip through text", () => {
    const content = [
      { type: "input_text" as const, text: "Ask " },
      tag("1", "Ada"),
      { type: "input_text" as const, text: " now" },
    ];

    expect(toContent(toText(content), [tag("1", "Ada")])).toEqual(content);
  });

  it("loses an edited tag", () => {
    expect(toContent("Ask @Ad now", [tag("1", "Ada")])).toEqual([
      { type: "input_text", text: "Ask @Ad now" },
    ]);
  });

  it("prefers the longer of two matching tags", () => {
    expect(toContent("@Ada Lovelace", [tag("1", "Ada"), tag("2", "Ada Lovelace")])).toEqual([
      tag("2", "Ada Lovelace"),
    ]);
  });

  it("keeps tags of the same name in order", () => {
    expect(toContent("@Ada @Ada", [tag("1", "Ada"), tag("2", "Ada")])).toMatchObject([
      { id: "1" },
      { text: " " },
      { id: "2" },
    ]);
  });
});

describe("the trigger before the cursor", () => {
  it.each([
    ["Ask @ad", { kind: "mention", query: "ad", start: 4 }],
    ["@", { kind: "mention", query: "", start: 0 }],
    ["/pl", { kind: "command", query: "pl", start: 0 }],
    ["mail me@example", null],
    ["a /pl", null],
    ["@ada ", null],
  ])("%s", (text, expected) => {
    expect(triggerAt(text, text.length)).toEqual(expected);
  });
});
